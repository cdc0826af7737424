import { readFileSync } from 'node:fs'
import { isMap, isScalar, isSeq, type Node, parseDocument } from 'yaml'
import { packageFile } from '../settings/package-files.ts'
import type { RequestedGrant } from './facts.ts'

/** What an Enterprise Server does not have: its published webhooks, 3.14 to 3.19, know no merge queue. */
export const cloudEvents: readonly string[] = ['merge_group']

/**
 * What `app.yml` asks GitHub for, on an Enterprise Server without what that does not have. The reason of each is the comment
 * behind it, as that file promises.
 */
export function readAppManifest(
  { onServer = false }: { onServer?: boolean } = {},
  file = packageFile('app.yml'),
): {
  permissions: RequestedGrant[]
  events: RequestedGrant[]
} {
  const document = parseDocument(readFileSync(file, 'utf8'))
  const permissions = document.get('default_permissions', true)
  const events = document.get('default_events', true)
  if (!isMap(permissions) || !isSeq(events)) throw new Error(`${file} has no permissions or no events.`)
  return {
    permissions: permissions.items.map(({ key, value }) => ({
      name: textOf(key),
      level: textOf(value),
      reason: reasonOf(value),
    })),
    events: events.items
      .map((item) => ({ name: textOf(item), level: 'on', reason: reasonOf(item) }))
      .filter(({ name }) => !onServer || !cloudEvents.includes(name)),
  }
}

function textOf(node: unknown): string {
  return isScalar(node) ? String(node.value) : ''
}

function reasonOf(node: unknown): string {
  return ((node as Node | null)?.comment ?? '').trim()
}
