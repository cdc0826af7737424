import type { House } from './house.ts'
import type { Act } from './plan.ts'
import { policyText } from './rules.ts'

/** An act in one line, as a person would tell it. */
export function sentence(act: Act, house: House): string {
  const on = 'pull' in act ? `#${house.pulls[act.pull % Math.max(house.pulls.length, 1)]?.number ?? '–'}` : ''
  switch (act.kind) {
    case 'open':
      return `${act.who} opens ${act.draft ? 'a draft' : 'a pull request'} to ${act.base}`
    case 'open the same head':
      return `${act.who} opens another pull request with the head of ${on} to ${act.base}`
    case 'enqueue':
      return `${act.who} puts ${on} into the merge queue`
    case 'dequeue':
      return `${act.who} takes ${on} out of the merge queue`
    case 'push':
      return `${act.who} pushes ${act.way} to ${on}`
    case 'review':
      return `${act.who} reviews ${on}: ${act.event}${act.old ? ' of its first head' : ''}`
    case 'label':
      return `${act.who} puts ${act.label} on ${on}`
    case 'unlabel':
      return `${act.who} takes ${act.label} off ${on}`
    case 'retarget':
      return `${act.who} retargets ${on} to ${act.base}`
    case 'role':
      return `olga gives ${act.who} the role ${act.role}`
    case 'team':
      return `olga takes ${act.who} ${act.inside ? 'into' : 'out of'} the team`
    case 'policy':
      return `olga changes the policy: ${policyText(act.rules === 'broken' ? undefined : act.rules).replaceAll('\n', ' ')}`
    case 'freeze':
      return `olga freezes${act.minutes ? ` for ${act.minutes} minutes` : ''}`
    case 'unfreeze':
      return 'olga lifts the freeze'
    default:
      return `${act.who} · ${act.kind} · ${on}`
  }
}
