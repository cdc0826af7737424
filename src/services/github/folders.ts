import { z } from 'zod'
import type { GitHub } from './client.ts'
import { nameOf, type RepositoryName } from './repository.ts'

/** An entry of a folder: `mode` is git's, which tells a symbolic link from a file. */
const entry = z.object({ name: z.string(), mode: z.int(), oid: z.string(), size: z.int() })
export type FolderEntry = z.output<typeof entry>

/** What stands at a path of a commit. */
export type Folder =
  | { state: 'missing' }
  | { state: 'not a folder' }
  | { state: 'read'; entries: FolderEntry[] }

/** git's mode of a symbolic link, and of a submodule. */
export const symbolicLink = 0o120000
export const submodule = 0o160000

const folderQuery = `query ($owner: String!, $name: String!, $commit: String!, $folder: String!) {
  repository(owner: $owner, name: $name) {
    commit: object(expression: $commit) { oid }
    folder: object(expression: $folder) {
      __typename
      ... on Tree { entries { name mode oid size } }
    }
  }
}`

const folderAnswer = z.object({
  repository: z.object({
    commit: z.object({ oid: z.string() }).nullable(),
    folder: z.object({ __typename: z.string(), entries: z.array(entry).nullish() }).nullable(),
  }),
})

/**
 * Lists a folder of a commit, with one request.
 * @throws where GitHub does not know the commit: then nothing says that the folder is missing.
 */
export async function readFolder(
  github: GitHub,
  repository: RepositoryName,
  sha: string,
  folder: string,
): Promise<Folder> {
  const { owner, repo: name } = nameOf(repository)
  const variables = { owner, name, commit: sha, folder: `${sha}:${folder}` }
  const answer = folderAnswer.parse(await github.graphql(folderQuery, variables)).repository
  if (answer.commit?.oid !== sha) throw new Error(`GitHub does not know the commit ${sha} yet`)
  if (!answer.folder) return { state: 'missing' }
  if (answer.folder.__typename !== 'Tree') return { state: 'not a folder' }
  return { state: 'read', entries: z.array(entry).parse(answer.folder.entries) }
}

/** The text of a blob; `null` where it is binary, or GitHub cuts it. */
export type BlobText = string | null

const blob = z.object({
  text: z.string().nullable(),
  isBinary: z.boolean().nullable(),
  isTruncated: z.boolean(),
})
const readTogether = 50

/** The texts of blobs by their ids, fifty with one request. */
export async function readBlobs(
  github: GitHub,
  repository: RepositoryName,
  oids: readonly string[],
): Promise<Map<string, BlobText>> {
  const texts = new Map<string, BlobText>()
  for (let from = 0; from < oids.length; from += readTogether) {
    const some = oids.slice(from, from + readTogether)
    const fields = some.map((oid, index) => `b${index}: object(oid: "${z.hex().parse(oid)}") { ...text }`)
    const query = `query ($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { ${fields.join(' ')} } }
      fragment text on Blob { text isBinary isTruncated }`
    const { owner, repo: name } = nameOf(repository)
    const answer = z
      .object({ repository: z.record(z.string(), blob) })
      .parse(await github.graphql(query, { owner, name }))
    some.forEach((oid, index) => {
      const read = answer.repository[`b${index}`]
      if (!read) throw new Error(`GitHub did not give the blob ${oid}`)
      texts.set(oid, read.isTruncated || read.isBinary ? null : read.text)
    })
  }
  return texts
}
