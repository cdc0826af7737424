import type { ServerOptions } from './server-options.ts'

export type RegressOptions = ServerOptions & {
  suite: string[]
  policy?: string
  only?: string[]
  /** Calls each tool only a few times, for a quick first result. */
  once?: boolean
  baseline?: string
  baseSuite?: string[]
  declared?: string
  record?: string
  junit?: string
  markdown?: string
  json?: boolean
  annotate?: boolean
  writes?: boolean
  updateSnapshots?: boolean
  concurrency?: number
  expectVersion?: string
}

export type InitOptions = ServerOptions & { out: string; force?: boolean }
