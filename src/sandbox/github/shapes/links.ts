import { fullName, type Hub } from '../hub.ts'
import type { Repository } from '../repository-state.ts'

export function repositoryUrl(hub: Hub, repository: Repository): string {
  return `${hub.url}/repos/${fullName(hub, repository)}`
}
export function repositoryPage(hub: Hub, repository: Repository): string {
  return `${hub.url}/${fullName(hub, repository)}`
}

/** A global node id: the kind and the numbers that find it again. */
export function nodeId(kind: string, ...parts: (number | string)[]): string {
  return `${kind}_${Buffer.from(parts.join(':')).toString('base64url')}`
}
export function readNodeId(id: string): { kind: string; parts: string[] } {
  const split = id.indexOf('_')
  return {
    kind: id.slice(0, split),
    parts: Buffer.from(id.slice(split + 1), 'base64url')
      .toString('utf8')
      .split(':'),
  }
}

/** Absolute addresses from `name: path` pairs. */
export function addresses<K extends string>(root: string, paths: Record<K, string>): Record<K, string> {
  const entries = Object.entries<string>(paths).map(([name, path]) => [name, root + path])
  return Object.fromEntries(entries) as Record<K, string>
}
