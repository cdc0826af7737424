import { type Diagnosis, type Found, listed } from './diagnosis.ts'
import type { Asked, Facts, InstallationFacts, Permissions } from './facts.ts'

const APP = 'the App'

/** What the App may do and is told, against `app.yml`. */
export function judgeApp({ app }: Facts): Diagnosis[] {
  const { asks, has } = app
  const found: Found[] = [
    ...lacking(asks.permissions, has.permissions).map((asked) => ({
      severity: 'error' as const,
      rule: 'app-permission-lacking',
      about: asked.name,
      what: `The App lacks the permission ${shown(asked)}, for: ${asked.reason}.`,
      mend: 'Add it in the settings of the App; the owner of each installation then has to accept it.',
    })),
    ...unheard(asks.events, has.events).map((asked) => ({
      severity: 'error' as const,
      rule: 'app-event-lacking',
      about: asked.name,
      what: `The App is not told of the event ${asked.name}${asked.reason ? `, for: ${asked.reason}` : ''}.`,
      mend: 'Subscribe to it in the settings of the App.',
    })),
  ]
  const excess = Object.entries(has.permissions).filter(([name, level]) =>
    isExcess(asks.permissions, name, level),
  )
  if (excess.length > 0) {
    const names = excess.map(([name, level]) => `${name}: ${level}`)
    found.push({
      severity: 'warning',
      rule: 'app-permission-excess',
      about: names.sort().join(', '),
      what: `The App has more permission than it uses: ${listed(names)}.`,
      mend: 'Take it away in the settings of the App.',
    })
  }
  return found.map((one) => ({ ...one, repository: APP }))
}

/** What an account has granted: an App's new permissions count only once its owner has accepted them. */
export function judgeInstallations({ app, installations }: Facts): Diagnosis[] {
  return installations.flatMap((one) =>
    installationFindings(one, app).map((found) => ({ ...found, repository: one.account })),
  )
}

function installationFindings(one: InstallationFacts, { asks, has }: Facts['app']): Found[] {
  const say = (severity: Found['severity'], rule: string, what: string, mend: string, about = ''): Found => ({
    severity,
    rule,
    about,
    what,
    mend,
  })
  if (!one.served) {
    const what = 'This account is not in ALLOWED_ACCOUNTS: the bot does nothing for it.'
    return [say('information', 'account-not-served', what, 'Add it there, or uninstall the App.')]
  }
  if (one.suspended) {
    const what =
      'The installation is suspended: no check is published, and where it is required nothing can be merged.'
    return [say('error', 'installation-suspended', what, `Unsuspend it at ${one.page}.`)]
  }
  const of = { permissions: one.permissions, events: one.events }
  const missing = [
    ...lacking(asks.permissions, of.permissions)
      .filter((asked) => grants(has.permissions, asked))
      .map(shown),
    ...unheard(asks.events, of.events)
      .filter(({ name }) => has.events.includes(name))
      .map(({ name }) => `the event ${name}`),
  ]
  const found: Found[] = []
  if (missing.length > 0) {
    const what = `This account has not granted the App all that it asks for: ${listed(missing)}.`
    found.push(
      say(
        'error',
        'installation-lacks',
        what,
        `An owner has to accept it at ${one.page}.`,
        missing.join(', '),
      ),
    )
  }
  if (one.unreadable !== undefined) {
    const what = `The installation cannot be read: ${one.unreadable}`
    found.push(say('error', 'installation-unreadable', what, 'Run `doctor` again; see the status of GitHub.'))
  }
  return found
}

function grants(given: Permissions, { name, level }: Asked): boolean {
  return given[name] === level || given[name] === 'write' || given[name] === 'admin'
}

function lacking(asked: Asked[], given: Permissions): Asked[] {
  return asked.filter((one) => !grants(given, one))
}

function unheard(asked: Asked[], given: string[]): Asked[] {
  return asked.filter(({ name }) => !given.includes(name))
}

function isExcess(asked: Asked[], name: string, level: string): boolean {
  const wanted = asked.find((one) => one.name === name)
  return wanted === undefined || (wanted.level === 'read' && level !== 'read')
}

function shown({ name, level }: Asked): string {
  return `${name}: ${level}`
}
