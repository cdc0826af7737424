import { z } from 'zod'
import { code, oneLine } from '../markdown.ts'
import type { IncidentFacts } from './facts.ts'
import type { Incident } from './incident.ts'
import type { JiraSettings } from './jira-settings.ts'

/**
 * What another system should say of an incident: a key by which it is found there, and the wanted state, as data. It is stored
 * before the system is asked, so that nothing is lost, and compared with what the system took last.
 */
export type DesiredState = { mirror: 'pagerduty' | 'jira'; key: string; wanted: object }

/** An incident, as other systems are asked to show it. */
export type Subject = {
  repository: { installationId: number; repositoryId: number; owner: string; repo: string }
  number: number
  facts: IncidentFacts
  incident: Incident
}

/** A node of Atlassian's document format. */
type AdfNode = { type: string; text?: string; attrs?: object; marks?: object[]; content?: AdfNode[] }
export type AdfDocument = { type: 'doc'; version: 1; content: AdfNode[] }

/** An issue in Jira. */
export type WantedIssue = {
  project: string
  type: string
  summary: string
  description: AdfDocument
  labels: string[]
  assignee: string | null
  /** A date. */
  due: string | null
  done: boolean
}

/** The label that carries the key of an incident, by which its issue is found again. */
export function jiraLabel({ repository, number }: Subject): string {
  return `release-gate-${repository.installationId}-${repository.repositoryId}-${number}`
}

/** The issue of an incident. The description is built from nodes: nothing in a text becomes a link. */
export function jiraIssue(subject: Subject, settings: JiraSettings, zone: string): DesiredState {
  const { facts, incident } = subject
  const [, resolution] = incident.clocks
  const owner = incident.acknowledged?.by.toLowerCase()
  const account = Object.entries(settings.people).find(([login]) => login.toLowerCase() === owner)?.[1]
  const wanted: WantedIssue = {
    project: settings.project,
    type: settings.issue_type,
    summary: oneLine(`${incident.severity}: ${facts.title}`, 255),
    description: {
      type: 'doc',
      version: 1,
      content: [paragraph('Incident on GitHub: '), linkParagraph(facts.url)],
    },
    labels: [jiraLabel(subject), incident.severity],
    assignee: account ?? null,
    due: resolution?.due === undefined || resolution.paused ? null : dateIn(resolution.due, zone),
    done: incident.state === 'resolved',
  }
  return { mirror: 'jira', key: jiraLabel(subject), wanted }
}

function paragraph(text: string): AdfNode {
  return { type: 'paragraph', content: [{ type: 'text', text }] }
}

/** GitHub gave the address, and only one of the web is a link. */
function linkParagraph(url: string): AdfNode {
  const marks = /^https?:\/\//.test(url) ? [{ type: 'link', attrs: { href: url } }] : []
  return { type: 'paragraph', content: [{ type: 'text', text: url, ...(marks.length > 0 ? { marks } : {}) }] }
}

function dateIn(at: number, zone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' }).format(new Date(at))
}

/** What a system said of what it keeps, for the records: the name and the address of an issue. */
export const externalSchema = z.object({ name: z.string(), url: z.string() })
export type External = z.infer<typeof externalSchema>

export function externalNote({ name, url }: External): string {
  return `In Jira: [${code(name)}](${url})`
}
