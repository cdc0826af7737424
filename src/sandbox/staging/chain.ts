import type { PGlite } from '@electric-sql/pglite'
import { z } from 'zod'

const request = z.object({
  id: z.union([z.string(), z.number()]),
  method: z.string(),
  params: z.array(z.unknown()),
})

/** The one method of a Base node that the regression asks for. */
export async function answerChain(db: PGlite, body: unknown): Promise<Record<string, unknown>> {
  const parsed = request.safeParse(body)
  if (!parsed.success)
    return { jsonrpc: '2.0', id: null, error: { code: -32600, message: 'invalid request' } }
  const { id, method, params } = parsed.data
  if (method !== 'eth_getTransactionReceipt') {
    return { jsonrpc: '2.0', id, error: { code: -32601, message: `the method ${method} does not exist` } }
  }
  const hash = String(params[0])
  const { rows } = await db.query<{ status: string }>(
    'select status from chain_receipts where tx_hash = $1',
    [hash],
  )
  const [row] = rows
  const result = row ? { transactionHash: hash, status: row.status === 'success' ? '0x1' : '0x0' } : null
  return { jsonrpc: '2.0', id, result }
}
