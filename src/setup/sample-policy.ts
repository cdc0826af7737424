/** A starter policy: the defaults that a team is most likely to change, written out. */
export const samplePolicy = `# yaml-language-server: $schema=https://raw.githubusercontent.com/foodyepay/release-gate/main/schema/policy.schema.json
# The branches that the gate covers. The default branch is always covered.
branches: [main]
gates:
  approvals:
    count: 2
  release_window:
    time_zone: America/Los_Angeles
    windows:
      - { opens: Wednesday 10:00, closes: Wednesday 11:00 }
    urgent:
      label: urgent
`
