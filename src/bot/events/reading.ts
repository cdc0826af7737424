import { z } from 'zod'
import type { CommentTask } from '../../decision/comment-task.ts'
import type { MergeTask, RepositoryRef } from '../../decision/merge-task.ts'
import type { PullRef } from '../../decision/snapshot.ts'
import type { ToldLabel } from '../../services/github/told-labels.ts'
import type { Scope } from '../../store/verdicts/changes.ts'

/**
 * What a webhook means. An event only says what to read again: of a payload, nothing but ids, names, times and commits is taken. Whoever
 * pressed a button is checked again before anything is done, and a comment is read again: its text here only tells if it was edited since.
 */
export type Effect =
  /** This pull request has changed. `label`: by a label that was added or removed. */
  | { kind: 'pull'; pull: PullRef; sha: string; label?: ToldLabel }
  /** Open pull requests that we know have changed. `requestedBy`: the person who asked for it. */
  | { kind: 'pulls'; scope: Scope; requestedBy?: number }
  /** Something was merged, pushed, queued or reviewed. */
  | { kind: 'merge'; task: MergeTask }
  /** An issue or one of its comments changed: it may be an incident. */
  | { kind: 'incident'; repository: RepositoryRef; number: number }
  /** A comment on a pull request may be a command. */
  | { kind: 'command'; comment: Omit<CommentTask, 'digest'>; text: string }
  /** GitHub has to be asked which pull requests are concerned. */
  | { kind: 'lookup'; lookup: Lookup }

export type Lookup =
  /** Which pull requests does another policy apply to now? */
  | { of: 'policy'; repository: RepositoryRef }
  /** Every open pull request of a repository, or of all repositories of an installation. */
  | { of: 'repository'; repository: RepositoryRef }
  | { of: 'installation'; installationId: number }
  /** Can the App reach these repositories, or the installation, now? `deleted`: what it doesn't see of them is gone for good. */
  | { of: 'reach'; installationId: number; repositoryIds?: number[]; deleted?: boolean }
  /** Open pull requests whose base or head is not the one that we know: a retargeting is not always told. */
  | { of: 'retargeted'; repository: RepositoryRef; defaultBranch: string }
  /** May this person have the regression run again on this commit? */
  | { of: 'regression'; repository: RepositoryRef; sha: string; requestedBy: number }

const repositoryShape = z.object({ id: z.int(), name: z.string(), owner: z.object({ login: z.string() }) })
const envelope = z.object({
  installation: z.object({ id: z.int() }).nullish(),
  repository: repositoryShape.optional(),
  sender: z.object({ id: z.int() }).optional(),
})
type Envelope = z.output<typeof envelope>

export type Handler = (payload: unknown) => Effect[]

/** By event and action; an event without actions has one handler, under the empty name. */
export type Handlers = Record<string, Record<string, Handler>>

/** Reads what a handler needs of a payload. An event that belongs to no installation of ours has no effect. */
export function on<Shape extends z.ZodRawShape>(
  shape: Shape,
  effects: (payload: z.output<z.ZodObject<Shape>>, place: Place) => Effect[],
): Handler {
  const schema = z.object(shape)
  return (payload) => {
    const place = placeOf(envelope.parse(payload))
    return place ? effects(schema.parse(payload), place) : []
  }
}

type Place = { installationId: number; repository: RepositoryRef | undefined; sender: number | undefined }

function placeOf({ installation, repository, sender }: Envelope): Place | undefined {
  if (!installation) return undefined
  const ref = repository && {
    installationId: installation.id,
    repositoryId: repository.id,
    owner: repository.owner.login,
    repo: repository.name,
  }
  return { installationId: installation.id, repository: ref, sender: sender?.id }
}

/** No account of GitHub: nothing is allowed to it. */
export const nobody = 0

/** As `on`, for events of a repository. */
export function inRepository<Shape extends z.ZodRawShape>(
  shape: Shape,
  effects: (payload: z.output<z.ZodObject<Shape>>, repository: RepositoryRef, sender: number) => Effect[],
): Handler {
  return on(shape, (payload, { repository, sender }) =>
    repository ? effects(payload, repository, sender ?? nobody) : [],
  )
}
