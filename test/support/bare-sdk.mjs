import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

/** The least that a program on the SDK does: connect, list, call each tool once, check the answer. Plain JavaScript, since nothing is to be stripped. */
const client = new Client({ name: 'bare', version: '1' })
await client.connect(new StreamableHTTPClientTransport(new URL(process.argv[2] ?? '')))
const { tools } = await client.listTools()
for (const { name } of tools) {
  const { content } = await client.callTool({ name, arguments: { id: 'x' } })
  if (JSON.parse(content[0].text).eligible !== true) process.exitCode = 1
}
await client.close()
