-- 0001: who is billed.
CREATE TABLE users (
  id          text PRIMARY KEY,
  email       text NOT NULL,
  name        text NOT NULL,
  country     char(2) NOT NULL,
  plan        text NOT NULL DEFAULT 'starter',
  active      boolean NOT NULL DEFAULT true,
  created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email_lower ON users (lower(email));
