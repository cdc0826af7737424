-- The role that the bot runs as, where its database is a server that others administer: it owns nothing, so it can neither change a
-- table nor switch a trigger off. `src/store/database/grants.ts` says what it may do, after every upgrade, since later tables need it too.
DO $$
BEGIN
  CREATE ROLE release_gate_bot NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;
END
$$;

GRANT USAGE ON SCHEMA release_gate TO release_gate_bot;
-- It appends records as the role that can only do that.
GRANT release_gate_writer TO release_gate_bot;
