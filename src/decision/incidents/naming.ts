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

/** The incidents that a text names. What is in an HTML comment, such as the hint of a template, is not said. */
export function namedIncidents<Named extends NamedIncident>(text: string, incidents: Named[]): Named[] {
  const visible = text.replace(/<!--[\s\S]*?(-->|$)/g, ' ')
  return incidents.filter((incident) => namesOf(incident).some((name) => isNamed(visible, name)))
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
