/** Who makes a request to the sandbox's GitHub, as its token says. */
export type Actor =
  | { kind: 'app'; appId: number }
  | { kind: 'installation'; appId: number; installationId: number; token: string }
  /** `appId`: the App that the person signed in with, which narrows what the token may read. */
  | { kind: 'user'; userId: number; login: string; token: string; appId?: number }
  | { kind: 'anonymous' }

/** In whose name something happens; `appId` when an App's token did it. */
export type By = { userId: number; appId: number | null }

/** The variables that the sandbox's middleware sets on each request (`Hono<GitHubContext>`). */
export type GitHubContext = { Variables: { actor: Actor; points?: Points } }

/** What a GraphQL query cost of the hourly limit, and what is left of it. `resetAt` is in milliseconds since 1970. */
export type Points = {
  cost: number
  nodeCount: number
  limit: number
  used: number
  resetAt: number
}

/** The sandbox's time in milliseconds since 1970: a story moves it. Tokens never follow it. */
export type SandboxClock = () => number
