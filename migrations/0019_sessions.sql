-- Who is signed in, on the board or at a command line. `id` is the hash of a token that only they have; the token of GitHub is encrypted
-- with a key that is derived from that token, so this table alone gives access to nothing.
CREATE TABLE release_gate.sessions (
  id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{64}$'),
  client text NOT NULL CHECK (client IN ('board', 'command line')),
  user_id bigint NOT NULL,
  login text NOT NULL,
  name text,
  csrf text NOT NULL,
  github_token text NOT NULL,
  -- The ids of the repositories that the person can read on GitHub, and when that was read.
  readable jsonb NOT NULL,
  readable_at timestamp(3) with time zone NOT NULL,
  expires_at timestamp(3) with time zone NOT NULL
);

CREATE INDEX sessions_expiry ON release_gate.sessions (expires_at);

-- Sign-ins that GitHub has not answered yet, by the hash of their state. Each is used once.
CREATE TABLE release_gate.sign_ins (
  state text PRIMARY KEY CHECK (state ~ '^[0-9a-f]{64}$'),
  verifier text NOT NULL,
  return_to text NOT NULL,
  expires_at timestamp(3) with time zone NOT NULL
);

-- Random keys that every process of the bot uses: `sessions` signs cookies, `calendar` the addresses of the calendar feed.
CREATE TABLE release_gate.keys (
  name text PRIMARY KEY,
  key text NOT NULL,
  created_at timestamp(3) with time zone NOT NULL DEFAULT now()
);

ALTER TABLE release_gate.sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.sign_ins ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.keys ENABLE ROW LEVEL SECURITY;
