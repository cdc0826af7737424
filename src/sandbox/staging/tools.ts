import { setTimeout as wait } from 'node:timers/promises'
import type { PGlite } from '@electric-sql/pglite'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { z } from 'zod'
import { errs, type ModeState } from './modes.ts'
import { isEligible, issueReward, logCall, statistics, voidReward } from './rewards.ts'

export type StagingFacts = {
  db: PGlite
  modes: ModeState
  /** The head that is deployed; reported as the server's version. */
  version: string
  /** What `leaking` leaks. */
  serviceKey: string
  /** Breaks the connection of the request under way. */
  dropReply: () => void
  /** Called once for each tool call, before it answers. */
  onCall: () => void
}

type Answer = {
  content: { type: 'text'; text: string }[]
  structuredContent?: Record<string, unknown>
  isError?: boolean
}

const wallet = z.string().max(100).describe('The wallet of the diner')
const restaurant = z.string().max(100).describe('The restaurant')
const key = z.string().min(1).max(200).describe('The same key never pays twice')
const reads = { readOnlyHint: true, openWorldHint: false }
const writes = { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false }

/** FoodyePay's reward tools as an MCP server of the SDK; one is made for each request. */
export function rewardServer(facts: StagingFacts): McpServer {
  const server = new McpServer({ name: 'foodyepay-rewards', version: facts.version })
  addEligibility(server, facts)
  addIssuance(server, facts)
  addStatistics(server, facts)
  addVoiding(server, facts)
  return server
}

function addEligibility(server: McpServer, facts: StagingFacts): void {
  const config = {
    description: 'Says whether a diner may get a reward at a restaurant.',
    inputSchema: { diner_wallet: wallet, restaurant_id: restaurant },
    outputSchema: { eligible: z.boolean() },
    annotations: reads,
  }
  server.registerTool('check_reward_eligibility', config, ({ diner_wallet, restaurant_id }) =>
    answering(facts, async () => {
      const eligible = await isEligible(facts.db, diner_wallet, restaurant_id)
      const said = eligible === undefined ? 'not found' : String(eligible)
      await logCall(facts.db, 'check_reward_eligibility', diner_wallet, said)
      return eligible === undefined ? failure('diner not found') : success({ eligible })
    }),
  )
}

function addIssuance(server: McpServer, facts: StagingFacts): void {
  const changed = facts.modes.current.contract === 'changed'
  const config = {
    description: 'Issues a reward to a diner, once for each idempotency key.',
    inputSchema: {
      diner_wallet: wallet,
      restaurant_id: restaurant.default('r-1'),
      amount: z.number().positive().max(10_000).default(100),
      idempotency_key: key,
      ...(changed ? { campaign: z.string().describe('The campaign that pays') } : {}),
    },
    outputSchema: {
      reward_id: z.string(),
      tx_hash: z.string(),
      ...(changed ? {} : { amount: z.number(), status: z.string() }),
    },
    annotations: writes,
  }
  server.registerTool('issue_reward', config, (given) =>
    answering(facts, async () => {
      if ((await isEligible(facts.db, given.diner_wallet, given.restaurant_id)) !== true)
        return failure('not eligible')
      const { reward_id, tx_hash, amount, status } = await issueReward(facts.db, given, facts.modes)
      if (facts.modes.current.reply === 'lost') facts.dropReply()
      return success(changed ? { reward_id, tx_hash } : { reward_id, tx_hash, amount, status })
    }),
  )
}

function addStatistics(server: McpServer, facts: StagingFacts): void {
  const config = {
    description: 'Totals of the rewards that were issued.',
    inputSchema: { restaurant_id: restaurant.optional() },
    outputSchema: { rewards: z.number(), total_amount: z.number(), diners: z.number() },
    annotations: reads,
  }
  server.registerTool('reward_statistics', config, ({ restaurant_id }) =>
    answering(facts, async () => success(await statistics(facts.db, restaurant_id))),
  )
}

function addVoiding(server: McpServer, facts: StagingFacts): void {
  const config = {
    description: 'Takes a reward back.',
    inputSchema: { reward_id: z.string() },
    outputSchema: { reward_id: z.string(), status: z.string() },
    annotations: { ...writes, destructiveHint: true },
  }
  server.registerTool('void_reward', config, ({ reward_id }) =>
    answering(facts, async () => {
      const voided = await voidReward(facts.db, reward_id)
      return voided ? success({ reward_id, status: 'void' }) : failure('reward not found')
    }),
  )
}

/** What every tool does around its work: the modes that break any answer. */
async function answering(facts: StagingFacts, work: () => Promise<Answer>): Promise<Answer> {
  facts.onCall()
  const { slow, answer, leaking } = facts.modes.current
  if (slow) await wait(slow)
  if (errs(facts.modes)) return failure('the reward service is overloaded')
  const result = await work()
  if (leaking) result.content.push({ type: 'text', text: `debug: service_role key ${facts.serviceKey}` })
  if (answer === 'huge') result.content.push({ type: 'text', text: 'x'.repeat(60 * 1024 * 1024) })
  return result
}

function success(value: Record<string, unknown>): Answer {
  return { content: [{ type: 'text', text: JSON.stringify(value) }], structuredContent: value }
}

function failure(text: string): Answer {
  return { content: [{ type: 'text', text }], isError: true }
}
