-- Notices that were sent to people, so that each is sent once. `permalink` is null until Slack has told it.
CREATE TABLE release_gate.notices (
  key text PRIMARY KEY,
  channel text NOT NULL,
  ts text NOT NULL,
  permalink text,
  sent_at timestamp(3) with time zone NOT NULL
);

-- One message a second for each channel, across jobs and processes: when the last one was let through, and up to when
-- the jobs that wait have been told to come back.
CREATE TABLE release_gate.notice_channels (
  channel text PRIMARY KEY,
  posted_at timestamp(3) with time zone NOT NULL,
  promised_at timestamp(3) with time zone NOT NULL
);

ALTER TABLE release_gate.notices ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.notice_channels ENABLE ROW LEVEL SECURITY;

-- The names of a kept policy's repository, as they were last seen: for the calendar feed.
ALTER TABLE release_gate.policies ADD COLUMN owner text, ADD COLUMN repo text;
