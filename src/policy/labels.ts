import { allGates } from '../decision/overrides.ts'
import type { Policy } from '../decision/policy.ts'

export type Label = { name: string; color: string; description: string }

/**
 * The labels that the gate uses, named as in the policy, those of its overrides too. GitHub allows descriptions of 100
 * characters.
 */
export function wantedLabels(policy: Policy | undefined): Label[] {
  const all = policy ? allGates(policy) : []
  const urgent = all.flatMap(({ release_window: window }) => window?.urgent.label ?? [])
  const hold = all.flatMap(({ hold: gate }) => gate?.label ?? [])
  const selecting = (policy?.overrides ?? []).flatMap(({ when: { labels = [] } }) => labels)
  return distinct([
    ...urgent.map((name) =>
      labelled(name, 'd73a4a', 'Can be merged outside the release window. Give the reason.'),
    ),
    labelled('release', '0e8a16', 'A candidate for the next release window.'),
    ...(hold.length > 0 ? hold : ['hold']).map((name) =>
      labelled(name, 'fbca04', 'Must not be merged until this label is removed.'),
    ),
    ...selecting.map((name) => labelled(name, 'c5def5', 'Selects different settings of the release policy.')),
  ])
}

function labelled(name: string, color: string, description: string): Label {
  return { name, color, description }
}

function distinct(labels: Label[]): Label[] {
  const first = new Map<string, Label>()
  for (const label of labels) {
    const key = label.name.toLowerCase()
    if (!first.has(key)) first.set(key, label)
  }
  return [...first.values()]
}

/** The labels that a repository is missing. Label names are case-insensitive on GitHub. */
export function missingLabels(wanted: Label[], present: string[]): Label[] {
  const known = new Set(present.map((name) => name.toLowerCase()))
  return wanted.filter(({ name }) => !known.has(name.toLowerCase()))
}
