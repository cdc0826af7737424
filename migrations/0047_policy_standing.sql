-- Whether the file of a kept policy was there when it was looked for last, and the repository within the App's reach. Only current ones
-- are listed; the others still are what a pull request is evaluated under, where their file cannot be read.
ALTER TABLE release_gate.policies ADD COLUMN standing text NOT NULL DEFAULT 'current'
  CHECK (standing IN ('current', 'absent', 'out of reach'));
