import { isDeepStrictEqual } from 'node:util'
import { mayHoldExact, parseJson, plain } from './exact-json.ts'

/** A part of what came during an exchange, as bytes: one body, one stream of events, or one line. */
export type RawMessage = { events: boolean; chunks: Uint8Array[] }

/**
 * The answer of an exchange again, with its numbers as they are written: the SDK has parsed them into doubles already.
 * `value` is what the SDK made of it, which tells the answer from others that came in the same exchange.
 */
export function withExactNumbers(heard: readonly RawMessage[], value: unknown): unknown {
  const texts = heard.flatMap(textsOf)
  if (!texts.some(mayHoldExact)) return value
  const results = texts.flatMap(resultsIn)
  if (results.length === 1) return results[0]
  return results.find((result) => isDeepStrictEqual(plain(result), value)) ?? value
}

function textsOf({ events, chunks }: RawMessage): string[] {
  const text = new TextDecoder().decode(Buffer.concat(chunks))
  return events ? dataOf(text) : [text]
}

/** The data of each event of a stream: https://html.spec.whatwg.org/multipage/server-sent-events.html */
function dataOf(stream: string): string[] {
  return stream.split(/(?:\r\n|\r|\n){2}/).flatMap((event) => {
    const lines = event.split(/\r\n|\r|\n/).filter((line) => line.startsWith('data:'))
    return lines.length === 0 ? [] : [lines.map((line) => line.slice(5)).join('\n')]
  })
}

function resultsIn(text: string): unknown[] {
  if (!text.includes('"result"')) return []
  let message: unknown
  try {
    message = parseJson(text)
  } catch {
    return []
  }
  return [message].flat().flatMap((one) => {
    return typeof one === 'object' && one !== null && 'result' in one ? [one.result] : []
  })
}
