import { parse } from 'yaml'
import { severities } from '../decision/clocks/clocks.ts'
import { incidentLabel } from '../decision/incidents/incident.ts'
import { headings } from '../decision/incidents/report.ts'
import { severityIn } from '../decision/incidents/severity.ts'
import type { Policy } from '../decision/policy.ts'
import type { GitHub } from '../services/github/client.ts'
import { readFile } from '../services/github/policy.ts'
import { type Found, listed, quoted } from './diagnosis.ts'

/** Where the incident issue form is kept, in the incident repository. */
export const incidentFormPath = '.github/ISSUE_TEMPLATE/incident.yml'

/** The issue form in the incident repository that a policy names. `lacks`: what the bot reads and the form does not ask for. */
export type IncidentFormFacts = {
  repository: string
  defaultBranch: string
  state: { kind: 'missing' } | { kind: 'outdated'; lacks: string[] } | { kind: 'current' }
  components: string[]
}

/** Undefined: the policy names no incident repository, or one that cannot be read, of which the bot itself warns. */
export async function readIncidentForm(
  github: GitHub,
  { incidents, gates }: Policy,
): Promise<IncidentFormFacts | undefined> {
  if (!incidents) return undefined
  const [owner = '', repo = ''] = incidents.repository.split('/')
  const found = await github.rest.repos.get({ owner, repo }).catch(() => undefined)
  if (!found) return undefined
  const file = await readFile(github, { owner, repo }, incidentFormPath)
  const lacks = file ? lackingIn(file.text) : []
  return {
    repository: incidents.repository,
    defaultBranch: found.data.default_branch,
    state: !file ? { kind: 'missing' } : lacks.length > 0 ? { kind: 'outdated', lacks } : { kind: 'current' },
    components: gates.incidents?.components ?? [],
  }
}

type Form = {
  labels?: unknown
  body?: { attributes?: { label?: unknown; options?: unknown } }[]
}

/** What the bot reads by its heading, and the label by which it knows an incident. The words of a form are its owner's. */
export function lackingIn(text: string): string[] {
  const form = parsed(text)
  const fields = Array.isArray(form.body) ? form.body : []
  const fieldOf = (heading: string) => fields.find((field) => field?.attributes?.label === heading)
  const options = fieldOf(headings.severity)?.attributes?.options
  const offered = Array.isArray(options) ? options.map((option) => severityIn(String(option))) : []
  return [
    ...([form.labels].flat().includes(incidentLabel) ? [] : [`the label ${quoted(incidentLabel)}`]),
    ...Object.values(headings).flatMap((name) => (fieldOf(name) ? [] : [`the field ${quoted(name)}`])),
    ...(fieldOf(headings.severity) && !severities.every((severity) => offered.includes(severity))
      ? [`the options ${listed([...severities])}`]
      : []),
  ]
}

function parsed(text: string): Form {
  try {
    const form: unknown = parse(text)
    return typeof form === 'object' && form !== null ? form : {}
  } catch {
    return {}
  }
}

export function incidentFormFindings(form: IncidentFormFacts | undefined): Found[] {
  if (!form || form.state.kind === 'current') return []
  const { repository, state } = form
  const what =
    state.kind === 'missing'
      ? `${repository} has no incident issue form, so a report may lack its severity and component.`
      : `The incident issue form in ${repository} is missing ${listed(state.lacks)}.`
  return [
    {
      severity: 'warning',
      rule: `incident-form-${state.kind}`,
      about: repository,
      what,
      fix: `Commit the output of \`release-gate incident form\` as ${incidentFormPath} there; \`release-gate setup\` has a link.`,
    },
  ]
}
