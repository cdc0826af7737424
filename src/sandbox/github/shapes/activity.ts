import { type Hub, isoTime } from '../hub.ts'
import type { Activity } from '../repository-state.ts'
import { userOrNull } from './account.ts'
import { nodeId } from './links.ts'

/** One row of `GET …/activity`: the only place where GitHub names who pushed. */
export function activityShape(hub: Hub, row: Activity) {
  return {
    id: row.id,
    node_id: nodeId('PSH', row.id),
    before: row.before,
    after: row.after,
    ref: row.ref,
    timestamp: isoTime(row.timestamp),
    activity_type: row.activityType,
    actor: userOrNull(hub, row.actorId),
  }
}
