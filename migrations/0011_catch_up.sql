-- Before migrations were frozen, the files 0001, 0003, 0007, 0008 and 0009 were changed after they had been applied. This file brings
-- a database that was made by any of those earlier forms to what the present forms make, and changes nothing in one that has
-- it already. src/store/database/released.ts lists the earlier forms by their hashes.

GRANT release_gate_writer TO CURRENT_USER;

-- 0003: tables of the first form that nothing reads.
DROP TABLE IF EXISTS release_gate.evaluations, release_gate.published_checks, release_gate.http_cache;

-- 0003: `verdicts`.
DROP VIEW IF EXISTS release_gate.speaking;
DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM information_schema.columns
                 WHERE table_schema = 'release_gate' AND table_name = 'verdicts' AND column_name = 'heard') THEN
    ALTER TABLE release_gate.verdicts
      ADD COLUMN IF NOT EXISTS source json NOT NULL DEFAULT '{"where":"","blob":"","valid":false,"note":""}',
      ADD COLUMN IF NOT EXISTS next_at timestamp(3) with time zone,
      ADD COLUMN IF NOT EXISTS prepare_at timestamp(3) with time zone,
      ADD COLUMN heard bigint,
      DROP COLUMN IF EXISTS touched_at;
    ALTER TABLE release_gate.verdicts ALTER COLUMN source DROP DEFAULT;
    -- Their facts were read by an earlier version: nothing turns green on them before they are read again.
    UPDATE release_gate.verdicts SET heard = nextval('release_gate.generation');
  END IF;
END
$$;
CREATE INDEX IF NOT EXISTS verdicts_next ON release_gate.verdicts (next_at) WHERE counts;

-- 0003: `unjudged`.
CREATE TABLE IF NOT EXISTS release_gate.unjudged (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  number integer NOT NULL,
  head_sha text NOT NULL,
  PRIMARY KEY (installation_id, repository_id, number)
);
CREATE INDEX IF NOT EXISTS unjudged_head ON release_gate.unjudged (installation_id, repository_id, head_sha);
ALTER TABLE release_gate.unjudged ENABLE ROW LEVEL SECURITY;

-- 0003: `check_runs`. A green check of the first form still has to be revoked at closing.
DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM information_schema.columns
                 WHERE table_schema = 'release_gate' AND table_name = 'check_runs' AND column_name = 'outstanding') THEN
    ALTER TABLE release_gate.check_runs
      ADD COLUMN owner text, ADD COLUMN repo text, ADD COLUMN title text NOT NULL DEFAULT '', ADD COLUMN outstanding boolean;
    UPDATE release_gate.check_runs c SET owner = v.owner, repo = v.repo FROM release_gate.verdicts v
      WHERE v.installation_id = c.installation_id AND v.repository_id = c.repository_id;
    -- One without any verdict belongs to a pull request that was never evaluated to its end: it cannot be green.
    DELETE FROM release_gate.check_runs WHERE owner IS NULL;
    UPDATE release_gate.check_runs SET outstanding = (state = 'passed');
    ALTER TABLE release_gate.check_runs
      ALTER COLUMN owner SET NOT NULL, ALTER COLUMN repo SET NOT NULL, ALTER COLUMN title DROP DEFAULT,
      ALTER COLUMN outstanding SET NOT NULL;
  END IF;
END
$$;
ALTER TABLE release_gate.check_runs ADD COLUMN IF NOT EXISTS left_green_at timestamp(3) with time zone;
CREATE INDEX IF NOT EXISTS check_runs_outstanding ON release_gate.check_runs (installation_id) WHERE outstanding;
CREATE INDEX IF NOT EXISTS check_runs_left_green ON release_gate.check_runs (installation_id, left_green_at);

-- 0003: `writes`.
CREATE TABLE IF NOT EXISTS release_gate.writes (
  installation_id bigint NOT NULL,
  at timestamp(3) with time zone NOT NULL
);
CREATE INDEX IF NOT EXISTS writes_at ON release_gate.writes (installation_id, at);
ALTER TABLE release_gate.writes ENABLE ROW LEVEL SECURITY;

-- 0007: the trigger that keeps every verdict.
CREATE OR REPLACE FUNCTION release_gate.keep_verdict() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
  last release_gate.verdict_history;
  standing text := CASE WHEN NEW.counts THEN NEW.state ELSE 'waiting' END;
BEGIN
  SELECT * INTO last FROM release_gate.verdict_history
    WHERE installation_id = NEW.installation_id AND repository_id = NEW.repository_id AND number = NEW.number
    ORDER BY since DESC, generation DESC LIMIT 1;
  -- What was known at a merge stays what was known. Looked for in the text, since Postgres reads nothing of json that holds
  -- \u0000, which a title may; in a title the quotes would be escaped.
  IF NOT NEW.counts AND (NOT FOUND OR NEW.snapshot::text LIKE '%"state":"merged"%') THEN
    RETURN NULL;
  END IF;
  -- The same verdict on facts that were read again: what it is founded on is newer, and it stands as long as before.
  IF last.digest = NEW.digest AND last.head_sha = NEW.head_sha AND last.base_ref = NEW.base_ref AND last.state = standing THEN
    UPDATE release_gate.verdict_history SET snapshot = NEW.snapshot
      WHERE installation_id = last.installation_id AND repository_id = last.repository_id AND number = last.number
        AND since = last.since AND generation = last.generation AND digest = last.digest;
    RETURN NULL;
  END IF;
  INSERT INTO release_gate.verdict_history
      (installation_id, repository_id, number, since, generation, head_sha, base_ref, state, digest, report, snapshot, policy,
       source)
    VALUES (NEW.installation_id, NEW.repository_id, NEW.number, NEW.decided_at, NEW.generation, NEW.head_sha, NEW.base_ref,
            standing, NEW.digest, NEW.report, NEW.snapshot, NEW.policy, NEW.source)
    ON CONFLICT DO NOTHING;
  -- GitHub delivers again for three days; the verdict before these stands at their beginning and stays.
  DELETE FROM release_gate.verdict_history
    WHERE installation_id = NEW.installation_id AND repository_id = NEW.repository_id AND number = NEW.number
      AND since < last.since AND since < NEW.decided_at - interval '7 days';
  RETURN NULL;
END
$$;
DROP TRIGGER verdicts_kept ON release_gate.verdicts;
CREATE TRIGGER verdicts_kept AFTER INSERT OR UPDATE OF state, digest, snapshot ON release_gate.verdicts
  FOR EACH ROW EXECUTE FUNCTION release_gate.keep_verdict();

-- 0007: `speaking`. It was dropped above, since a view keeps the columns that its table had when it was made.
ALTER TABLE release_gate.verdicts ADD COLUMN IF NOT EXISTS writer boolean NOT NULL DEFAULT false;
CREATE VIEW release_gate.speaking WITH (security_invoker = true) AS
  SELECT v.* FROM release_gate.verdicts v
  WHERE v.counts AND (v.writer OR NOT EXISTS (
    SELECT 1 FROM release_gate.verdicts o
    WHERE o.installation_id = v.installation_id AND o.repository_id = v.repository_id AND o.head_sha = v.head_sha
      AND o.base_ref = v.base_ref AND o.counts AND o.number <> v.number
      AND (o.writer
        OR (array_position(ARRAY['passed', 'waiting', 'failed'], o.state), o.number)
         < (array_position(ARRAY['passed', 'waiting', 'failed'], v.state), v.number))
  ));

-- 0007: `merge_groups`. Any verdict on one of its members is newer than 0, so that a group is judged again.
ALTER TABLE release_gate.merge_groups ADD COLUMN IF NOT EXISTS generation bigint NOT NULL DEFAULT 0;
ALTER TABLE release_gate.merge_groups ALTER COLUMN generation DROP DEFAULT;

-- 0008: runs in the order in which they were kept.
DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM information_schema.columns
                 WHERE table_schema = 'release_gate' AND table_name = 'evidence' AND column_name = 'seq') THEN
    ALTER TABLE release_gate.evidence ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY;
    DROP INDEX release_gate.evidence_head, release_gate.evidence_tree;
    CREATE INDEX evidence_head ON release_gate.evidence (installation_id, repository_id, head_sha, seq DESC);
    CREATE INDEX evidence_tree ON release_gate.evidence (installation_id, repository_id, tree_sha, seq DESC);
  END IF;
END
$$;

-- 0009: freezes that have ended stay.
DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM information_schema.columns
                 WHERE table_schema = 'release_gate' AND table_name = 'freezes' AND column_name = 'id') THEN
    ALTER TABLE release_gate.freezes DROP CONSTRAINT freezes_pkey;
    ALTER TABLE release_gate.freezes
      ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      ADD COLUMN ended_at timestamp(3) with time zone;
    CREATE UNIQUE INDEX freezes_one ON release_gate.freezes (scope) WHERE ended_at IS NULL;
  END IF;
END
$$;
