/**
 * What a process of the bot does. `web` takes deliveries and the requests of the command line, `worker` evaluates, `all` is both.
 * Of those that work, one at a time also runs the periodic tasks.
 */
export const roles = ['all', 'web', 'worker'] as const
export type Role = (typeof roles)[number]

export function doesWork(role: Role): boolean {
  return role !== 'web'
}

export function takesDeliveries(role: Role): boolean {
  return role !== 'worker'
}
