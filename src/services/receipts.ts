import { z } from 'zod'

/** Asks a node of the Base chain for receipts. `pending` means that the chain knows none (yet). */
export type Receipts = {
  status: (hash: string) => Promise<ReceiptAnswer>
}
export type ReceiptAnswer =
  | { ok: true; status: 'success' | 'reverted' | 'pending' }
  | { ok: false; cause: 'timeout' | 'unavailable' | 'refused' | 'malformed'; message: string }

/** An error in words of its own (a gateway that limits the rate) must not pass for "no receipt yet". */
const refusal = z.object({ error: z.object({ message: z.string() }) })

/** https://ethereum.org/developers/docs/apis/json-rpc/#eth_gettransactionreceipt */
const reply = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.literal(1),
  error: z.null().optional(),
  result: z.object({ transactionHash: z.string(), status: z.enum(['0x0', '0x1']) }).nullable(),
})

/** `url` is named by the operator, never by a suite: it often holds a key of its own. */
export function openReceipts({ url, timeout = 10_000 }: { url: string; timeout?: number }): Receipts {
  return {
    async status(hash) {
      const body = JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'eth_getTransactionReceipt',
        params: [hash],
      })
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
          redirect: 'error',
          signal: AbortSignal.timeout(timeout),
        })
        if (response.status === 401 || response.status === 403) {
          return { ok: false, cause: 'refused', message: 'the chain endpoint denied access' }
        }
        if (!response.ok) {
          return {
            ok: false,
            cause: 'unavailable',
            message: `the chain endpoint answered HTTP ${response.status}`,
          }
        }
        return resultOf(hash, await response.json())
      } catch (error) {
        return error instanceof SyntaxError ? resultOf(hash, undefined) : unreachable(error)
      }
    },
  }
}

function unreachable(error: unknown): ReceiptAnswer {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return { ok: false, cause: 'timeout', message: 'the chain endpoint did not answer in time' }
  }
  return { ok: false, cause: 'unavailable', message: 'the chain endpoint cannot be reached' }
}

function resultOf(hash: string, body: unknown): ReceiptAnswer {
  const refused = refusal.safeParse(body)
  if (refused.success) {
    const { message } = refused.data.error
    return { ok: false, cause: 'refused', message: `the chain endpoint refused: ${message}` }
  }
  const parsed = reply.safeParse(body)
  if (!parsed.success) {
    return {
      ok: false,
      cause: 'malformed',
      message: 'the chain endpoint answered with something that is not a receipt',
    }
  }
  const receipt = parsed.data.result
  if (receipt === null) return { ok: true, status: 'pending' }
  if (receipt.transactionHash.toLowerCase() !== hash.toLowerCase()) {
    return {
      ok: false,
      cause: 'malformed',
      message: 'the chain endpoint answered for a different transaction',
    }
  }
  return { ok: true, status: receipt.status === '0x1' ? 'success' : 'reverted' }
}
