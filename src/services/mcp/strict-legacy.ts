import {
  AudioContentSchema,
  CallToolResultSchema,
  EmbeddedResourceSchema,
  ImageContentSchema,
  ListToolsResultSchema,
  ResourceLinkSchema,
  TextContentSchema,
  ToolSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import type { z } from 'zod'
import { type Check, strictBy } from './strict.ts'

const by =
  (schema: Pick<z.ZodType, 'safeParse'>): Check =>
  (value) =>
    schema.safeParse(value).error?.issues

/** As the client of SDK 1.x does when it reads the list: https://github.com/modelcontextprotocol/typescript-sdk, `cacheToolMetadata`. */
function compile(schema: unknown): string | undefined {
  if (!schema) return undefined
  const ajv = new Ajv({ strict: false, validateSchema: false, allErrors: true, logger: false })
  formats.default(ajv)
  try {
    ajv.compile(schema)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** What the client of SDK 1.x refuses. */
export const strictLegacy = strictBy(
  {
    tool: by(ToolSchema),
    page: by(ListToolsResultSchema),
    result: by(CallToolResultSchema),
    blocks: {
      text: by(TextContentSchema),
      image: by(ImageContentSchema),
      audio: by(AudioContentSchema),
      resource_link: by(ResourceLinkSchema),
      resource: by(EmbeddedResourceSchema),
    },
  },
  compile,
)
