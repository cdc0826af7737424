import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aFolder } from './support/databases.ts'
import { closedFolder } from './support/embedded-postgres.ts'

test('the outermost folder that others cannot pass through is named, and none where they can', async () => {
  const root = await aFolder()
  const inner = join(root, 'one', 'two')
  await mkdir(inner, { recursive: true })
  const file = join(inner, 'initdb')
  await Promise.all([root, join(root, 'one'), inner].map((folder) => chmod(folder, 0o755)))
  expect(await closedFolder(file)).toBeUndefined()
  await chmod(inner, 0o700)
  expect(await closedFolder(file)).toBe(inner)
  await chmod(join(root, 'one'), 0o750)
  expect(await closedFolder(file)).toBe(join(root, 'one'))
})
