import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { validate } from 'dockerfile-utils'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readSettings } from '../src/settings/settings.ts'
import { appKey } from './support/app-key.ts'

const root = join(import.meta.dirname, '..')
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')
const image = mkdtempSync(join(tmpdir(), 'release-gate-image-'))
afterAll(() => rmSync(image, { recursive: true, force: true }))

/** Copies what the Dockerfile copies and `.dockerignore` lets through. The packages are those of this checkout. */
beforeAll(() => {
  const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n').filter(Boolean)
  const isIgnored = (path: string) => ignored.some((entry) => path === join(root, entry))
  const lines = dockerfile.matchAll(/^COPY (?!--from)(.+) (\S+)$/gm)
  for (const [, sources = '', target = ''] of lines)
    for (const source of sources.split(' ')) {
      const to = target.endsWith('/') ? join(image, target, source) : join(image, target)
      cpSync(join(root, source), to, { recursive: true, filter: (path) => !isIgnored(path) })
    }
  symlinkSync(join(root, 'node_modules'), join(image, 'node_modules'))
})

function inImage(...words: string[]) {
  const env = { PATH: process.env.PATH ?? '', NODE_ENV: 'production' }
  return spawnSync(process.execPath, ['src/main.ts', ...words], { cwd: image, env, encoding: 'utf8' })
}

describe('the container image', () => {
  test('contains the bot and not the sandbox', () => {
    expect(existsSync(join(image, 'src/bot/bot.ts'))).toBe(true)
    expect(existsSync(join(image, 'src/sandbox'))).toBe(false)
  })

  test('without credentials says what is missing, and serves no setup page', () => {
    const { status, stdout, stderr } = inImage('start')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain('APP_ID: is not set')
  })

  test('says that the demo needs a checkout', () => {
    const { status, stdout, stderr } = inImage('demo')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain('does not contain the sandbox. Run it from a checkout of the repository')
  })

  test.each(['audit', 'calendar', 'contract', 'doctor', 'freeze', 'regress', 'setup', 'status', 'window'])(
    'has what %s needs to start',
    (command) => {
      expect(inImage(command, '--help')).toMatchObject({ status: 0, stderr: '' })
    },
  )
})

describe('the Dockerfile', () => {
  test('has no mistake that its linter knows', () => {
    expect(validate(dockerfile)).toEqual([])
    expect(validate(`${dockerfile}\nCOPPY a b`)).toHaveLength(1)
  })

  test('and the compose file name their images by version and digest', () => {
    const compose = readFileSync(join(root, 'compose.yml'), 'utf8')
    const images = [
      ...dockerfile.matchAll(/^ARG NODE=(.*)$/gm),
      ...dockerfile.matchAll(/^FROM (?!\$\{NODE\})(\S+)/gm),
      ...compose.matchAll(/^ +image: (.*)$/gm),
    ].map(([, image]) => image)
    expect(images).toEqual([
      expect.stringMatching(/^node:26\.\d+\.\d+-slim@sha256:[0-9a-f]{64}$/),
      expect.stringMatching(/^postgres:18\.\d+@sha256:[0-9a-f]{64}$/),
    ])
  })

  test('starts the bot with the flags of `npm start`, and so does the systemd unit', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const unit = readFileSync(join(root, 'examples/release-gate.service'), 'utf8')
    const [, command = '[]'] = /^CMD (\[.*\])$/m.exec(dockerfile) ?? []
    expect(JSON.parse(command).join(' ')).toBe(scripts.start)
    expect(unit).toContain(`\nExecStart=/usr/bin/${scripts.start}\n`)
    expect(scripts.start).toMatch(/^node --[a-z-]+=\d+ src\/main\.ts start$/)
  })

  test('runs as a user without rights, who can write the state only', () => {
    const final = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
    expect(final).toMatch(/^USER node$/m)
    expect(final.indexOf('chown node:node /data')).toBeLessThan(final.indexOf('USER node'))
    expect(final.match(/chown/g)).toHaveLength(1)
  })

  test.each([
    [200, 0],
    [503, 1],
  ])('its health check turns a readiness of %i into exit code %i', async (status, code) => {
    const server = createServer((request, response) =>
      response.writeHead(request.url === '/readyz' ? status : 404).end(),
    )
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    expect(await healthCheck(port)).toBe(code)
    server.close()
  })

  test('its health check fails where nothing listens', async () => {
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    expect(await healthCheck(port)).toBe(1)
  })
})

/** Runs the image's health check, as Docker would, and returns its exit code. */
async function healthCheck(port: number): Promise<number> {
  const words: string[] = JSON.parse(/^HEALTHCHECK .*?CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]')
  const child = spawn(process.execPath, words.slice(1), { env: { PORT: String(port) } })
  const [code] = await once(child, 'exit')
  return code
}

describe('compose.yml', () => {
  const { services, volumes } = parse(readFileSync(join(root, 'compose.yml'), 'utf8'))
  const gate = services['release-gate']

  test('starts the bot with settings that it accepts, once Postgres is healthy', () => {
    const DATABASE_URL = gate.environment.DATABASE_URL.replace(/\$\{POSTGRES_PASSWORD[^}]*\}/, 'secret')
    const credentials = { APP_ID: '1', WEBHOOK_SECRET: 'a-webhook-secret-of-24', PRIVATE_KEY: appKey }
    const { POSTGRES_USER, POSTGRES_DB } = services.postgres.environment
    expect(readSettings({ ...credentials, DATABASE_URL })).toMatchObject({
      ok: true,
      settings: { database: { url: `postgres://${POSTGRES_USER}:secret@postgres/${POSTGRES_DB}` } },
    })
    expect(gate.depends_on).toEqual({ postgres: { condition: 'service_healthy' } })
    expect(services.postgres.healthcheck.test).toContain(`--dbname=${POSTGRES_DB}`)
  })

  test('does not start without a password, and reaches the network through loopback only', () => {
    for (const service of Object.values<{ environment: object }>(services))
      expect(JSON.stringify(service.environment)).toContain('${POSTGRES_PASSWORD:?')
    expect(gate.ports).toEqual(['127.0.0.1:3000:3000'])
    expect(services.postgres).not.toHaveProperty('ports')
  })

  test('keeps the database in a volume', () => {
    const [volume, path] = services.postgres.volumes[0].split(':')
    expect(volumes).toHaveProperty(volume)
    expect(path).toBe('/var/lib/postgresql')
  })
})

describe('examples/release-gate.service', () => {
  const unit = readFileSync(join(root, 'examples/release-gate.service'), 'utf8')

  test.runIf(existsSync('/usr/bin/systemd-analyze'))(
    'is a valid unit, by systemd-analyze where it is installed',
    () => {
      const file = join(image, 'release-gate.service')
      writeFileSync(
        file,
        unit.replaceAll('/usr/bin/node', process.execPath).replaceAll('/opt/release-gate', root),
      )
      expect(spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })).toMatchObject({
        status: 0,
        stdout: '',
        stderr: '',
      })
    },
  )

  test('runs what the image runs, as a user of its own', () => {
    expect(unit).toContain(
      `ExecStart=/usr/bin/${JSON.parse(/^CMD (.*)$/m.exec(dockerfile)?.[1] ?? '[]').join(' ')}`,
    )
    expect(unit).toMatch(/^DynamicUser=yes$/m)
    expect(unit).toMatch(/^EnvironmentFile=\/etc\/release-gate\.env$/m)
  })
})
