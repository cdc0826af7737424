import { pullHandlers } from './events/pull-events.ts'
import type { Effect, Handler, Handlers } from './events/reading.ts'
import { repositoryHandlers } from './events/repository-events.ts'

const handlers: Handlers = { ...pullHandlers, ...repositoryHandlers }

/** The events that are taken in; `app.yml` asks GitHub for the same, and the installation's own always come. */
export const events: ReadonlySet<string> = new Set(Object.keys(handlers))

/** The actions of an event that have a handler; an event without actions has the empty one. */
export function actionsOf(event: string): string[] {
  return Object.keys(handlers[event] ?? {})
}

function handlerOf(event: string, action: string | null | undefined): Handler | undefined {
  const byAction = Object.hasOwn(handlers, event) ? handlers[event] : undefined
  const name = byAction && '' in byAction ? '' : (action ?? '')
  return byAction && Object.hasOwn(byAction, name) ? byAction[name] : undefined
}

/** Whether anything here wants an event with this action. Everything else is dropped before it is stored. */
export function isHandled(event: string, action: string | null | undefined): boolean {
  return handlerOf(event, action) !== undefined
}

/**
 * What a webhook means, by the event's name and its payload.
 * @throws where the payload does not have the fields that GitHub documents for the event.
 */
export function effectsOf(event: string, payload: object): Effect[] {
  const action = 'action' in payload && typeof payload.action === 'string' ? payload.action : null
  return handlerOf(event, action)?.(payload) ?? []
}
