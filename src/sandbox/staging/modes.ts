/** The ways in which the sandbox's staging server breaks on purpose. All of them may be switched while it runs. */
export type StagingModes = {
  /** Milliseconds that every tool call takes longer. */
  slow?: number
  /** The share of tool calls that answer with an error, spread evenly: 0.05 is each twentieth. */
  erring?: number
  /** The contract is another one: an input became required, an output is gone. */
  contract?: 'changed'
  /** The idempotency key is ignored, so that a repeated call pays twice. */
  issuance?: 'double'
  /** The reward is committed, and then the connection breaks before the reply. */
  reply?: 'lost'
  /** Answers are some 60 MB long. */
  answer?: 'huge'
  /** Nothing is answered anymore. */
  hung?: boolean
  /** The server goes away after so many more tool calls. */
  dying?: number
  /** A proxy answers in its place, with a web page and status 200. */
  html?: boolean
  /** Answers hold the service key of the database. */
  leaking?: boolean
}

/** The modes as they are now, with the counters that belong to them. */
export type ModeState = { current: StagingModes; calls: number }

/** Whether this call is one of the share that errs. Even, not by chance, so that a demo and a test see the same. */
export function errs(state: ModeState): boolean {
  const share = state.current.erring ?? 0
  const before = Math.floor(state.calls * share)
  state.calls += 1
  return Math.floor(state.calls * share) > before
}
