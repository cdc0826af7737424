-- Answers of GitHub with their ETag: asking again with If-None-Match costs nothing of the hourly limit.
CREATE TABLE release_gate.http_cache (
  installation_id bigint NOT NULL,
  url text NOT NULL,
  accept text NOT NULL,
  etag text NOT NULL,
  body text NOT NULL,
  link text,
  fetched_at timestamp(3) with time zone NOT NULL,
  last_used_at timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (installation_id, url, accept)
);

CREATE INDEX http_cache_last_used ON release_gate.http_cache (last_used_at);

-- Facts that never change, such as the comparison of two commits.
CREATE TABLE release_gate.facts (
  key text PRIMARY KEY,
  value json NOT NULL,
  last_used_at timestamp(3) with time zone NOT NULL
);

CREATE INDEX facts_last_used ON release_gate.facts (last_used_at);

ALTER TABLE release_gate.http_cache ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.facts ENABLE ROW LEVEL SECURITY;
