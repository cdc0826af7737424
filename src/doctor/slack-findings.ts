import type { Policy } from '../decision/policy.ts'
import { type Diagnosis, listed } from './diagnosis.ts'
import type { Facts } from './facts.ts'

type Needed = {
  /** Any one of these is enough. */
  scopes: string[]
  by: (policy: Policy) => boolean
  what: (repositories: string) => string
  fix: string
}

const needed: Needed[] = [
  {
    scopes: ['chat:write'],
    by: hasChannel,
    what: (repositories) =>
      `The Slack token may not post messages, so no notices are posted for ${repositories}.`,
    fix: 'Add the scope `chat:write`',
  },
  {
    scopes: ['users:read.email'],
    by: ({ slack }) => Object.values(slack?.people ?? {}).some((place) => place.includes('@')),
    what: (repositories) =>
      `The policy of ${repositories} names people in Slack by email address, which the Slack token may not look up. They are named by login instead of mentioned.`,
    fix: 'Add the scopes `users:read.email` and `users:read`, or name people by member ID; for the scopes, open the app',
  },
  {
    scopes: ['channels:history', 'groups:history'],
    by: hasChannel,
    what: () =>
      'The Slack token may not read channels, so a message whose answer was lost cannot be looked up and may be posted twice.',
    fix: 'Add the scope `channels:history`, for private channels `groups:history`',
  },
]

/** What policies need of Slack and the token may not do. Without the header that names its scopes, nothing is said. */
export function slackFindings({ probes, repositories }: Facts): Diagnosis[] {
  const granted = probes.find(({ name }) => name === 'Slack')?.scopes
  if (!granted) return []
  return needed.flatMap(({ scopes, by, what, fix }) => {
    if (scopes.some((scope) => granted.includes(scope))) return []
    const names = repositories.flatMap((one) =>
      one.kind === 'read' && one.policy.kind === 'valid' && by(one.policy.policy) ? [one.name] : [],
    )
    if (names.length === 0) return []
    return [
      {
        severity: 'warning',
        repository: 'this machine',
        rule: 'slack-scope',
        about: scopes[0] ?? '',
        what: what(listed(names)),
        fix: `${fix} under OAuth & Permissions at https://api.slack.com/apps, and install it again.`,
      },
    ]
  })
}

function hasChannel({ slack, incidents }: Policy): boolean {
  return slack !== undefined || incidents?.channel !== undefined
}
