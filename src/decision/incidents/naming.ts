import { withoutHtmlComments } from '../markdown.ts'

/** An incident as a description can name it. */
export type NamedIncident = {
  repository: { owner: string; repo: string }
  number: number
  facts: { url: string }
  alias?: string | null
}

/** The names of an incident: `acme/incidents#7`, the address of its issue, and its name in Jira. */
export function namesOf({ repository, number, facts, alias }: NamedIncident): string[] {
  return [`${repository.owner}/${repository.repo}#${number}`, facts.url, ...(alias ? [alias] : [])]
}

/** The incidents that a text names. */
export function namedIncidents<Named extends NamedIncident>(text: string, incidents: Named[]): Named[] {
  return incidents.filter((incident) => isNamedIn(text, namesOf(incident)))
}

/** The whole name: `acme/incidents#7` is not in `acme/incidents#71`, nor in `big-acme/incidents#7`. */
export function isNamed(text: string, name: string): boolean {
  const [here, there] = [text.toLowerCase(), name.toLowerCase()]
  for (let at = here.indexOf(there); at !== -1; at = here.indexOf(there, at + 1)) {
    const [left, right] = [here.charAt(at - 1), here.charAt(at + there.length)]
    if (!/[\w./-]/.test(left) && !/[\w-]/.test(right)) return true
  }
  return false
}

/** Whether a text names an incident by one of its names. */
export function isNamedIn(text: string, names: string[]): boolean {
  const visible = withoutHtmlComments(text, ' ')
  return names.some((name) => isNamed(visible, name))
}
