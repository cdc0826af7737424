import type { Logger } from 'pino'

/**
 * A body that is sent part by part. Where a part fails, the connection is aborted and never closed as usual: nobody takes what came
 * until then for the whole. `ended` is called once, however it ends.
 */
export function streamed(
  parts: AsyncGenerator<string>,
  log: Pick<Logger, 'error'>,
  ended: () => void = () => undefined,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let isOver = false
  const end = () => {
    if (!isOver) ended()
    isOver = true
  }
  return new ReadableStream({
    pull: async (controller) => {
      try {
        const { done, value } = await parts.next()
        if (isOver) return
        if (!done) return controller.enqueue(encoder.encode(value))
        end()
        controller.close()
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error)
        log.error({ problem }, 'An answer of the board broke off')
        end()
        // The server may print what is thrown here into the answer.
        throw new Error('the answer broke off')
      }
    },
    cancel: async () => {
      end()
      await parts.return(undefined)
    },
  })
}
