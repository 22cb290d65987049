/** Raise it with every change of the tables or of what is extracted: an older index is made again from the files. */
export const SCHEMA_VERSION = 3

/** The live repository. Every other layer is a branch's. */
export const LIVE_LAYER = 0

/** Facts that come from no file are those of this one, which is no path of the workspace. */
export const REPOSITORY_FILE = '.git'

/**
 * Tables of the index.
 *
 * *Versions.* One counter for the whole index; each pass that changes anything takes the next number. A row holds from `valid_from` to
 * before `valid_to` (null: still).
 *
 * *Layers.* Layer 0 is the live repository. A branch of a run has a layer of its own, which lies over layer 0 as it was at the version
 * `base_version`. `states` tells which version of a layer is the state of the branch's files with a given name (the id of its checkpoint's
 * manifest). A layer *owns* the files that have a row of its own in `files` at that version: with `content` 1 everything about them is the
 * layer's (`gone` 1: they are deleted there), with `content` 0 only the edges that start in them, since they were linked again because a
 * file that they use is another one there. `layer_base` is in what the branch's base differs from layer 0 at `base_version` (hash null: the
 * base does not have the file); `base_version` is always one at which a pass over the live repository was complete (`live` in `meta`).
 *
 * *What a view sees.* A view is a list of (layer, version), the branch's first, layer 0 last (see `view.ts`). A row is seen when its layer
 * is in the view, the version lies in its interval, and no earlier layer of the view owns its file: for edges and unresolved calls any
 * row of the file there hides it, for entities and chunks one with `content` 1.
 *
 * `nodes` gives each graph key a number once and for all. An entity has a row for each file that declares or mentions it: those with
 * `declared` 1 come before the others, then the path decides. `file` is the node number of the file that says so; facts that come from no
 * file (authors, commits) are those of the file `.git`, which is no path of the workspace.
 *
 * Every listed file has a row in `files` and an entity; with `skipped` (why) it has nothing else. `facts` and `body` are packed, see `packed-facts.ts`.
 *
 * `dependencies`: when the node `used` changes, the edges of `file` are made again. A node here is a file's, or `name:NAME` (anything that is
 * declared under that name), `import:PART` (a file or folder called so may come) or `folder:PATH` (a file in it may come). Rows of
 * earlier links stay while there are branches: what a file used at an older version is among them.
 *
 * `answered_calls`: what language servers said of the open calls of a file in the content with this hash (JSON, see `call-answers.ts`); whenever
 * the file is linked in that content, they become edges and are open no more.
 *
 * Rows that ended stay until no branch can see them, and are then deleted in the background (`collect-rows.ts`).
 */
export const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE layers (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, base_version INTEGER NOT NULL);
CREATE TABLE layer_base (layer INTEGER NOT NULL, path TEXT NOT NULL, hash TEXT, PRIMARY KEY (layer, path)) WITHOUT ROWID;
CREATE TABLE states (layer INTEGER NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (layer, name)) WITHOUT ROWID;
CREATE TABLE nodes (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TABLE files (
  id INTEGER PRIMARY KEY, node_id INTEGER NOT NULL, layer INTEGER NOT NULL, path TEXT NOT NULL, hash TEXT NOT NULL,
  mtime_ms REAL NOT NULL, size INTEGER NOT NULL, language TEXT, content INTEGER NOT NULL DEFAULT 1, gone INTEGER NOT NULL DEFAULT 0,
  facts BLOB, body BLOB, shape TEXT NOT NULL, unresolved INTEGER NOT NULL DEFAULT 0, unlinked INTEGER NOT NULL DEFAULT 1,
  skipped TEXT, problem TEXT, valid_from INTEGER NOT NULL, valid_to INTEGER);
CREATE UNIQUE INDEX files_now ON files (layer, path) WHERE valid_to IS NULL;
CREATE INDEX files_ended ON files (valid_to) WHERE valid_to IS NOT NULL;
CREATE INDEX files_path ON files (path);
CREATE INDEX files_skipped ON files (layer, skipped, path) WHERE skipped IS NOT NULL AND valid_to IS NULL;
CREATE INDEX files_problem ON files (layer, path, problem) WHERE problem IS NOT NULL AND valid_to IS NULL;
CREATE INDEX files_unlinked ON files (layer, path) WHERE unlinked = 1 AND valid_to IS NULL;
CREATE INDEX files_unresolved ON files (layer, path) WHERE unresolved = 1 AND valid_to IS NULL;
CREATE TABLE entities (
  id INTEGER PRIMARY KEY, node_id INTEGER NOT NULL, layer INTEGER NOT NULL, file INTEGER NOT NULL, path TEXT NOT NULL, kind TEXT NOT NULL,
  name TEXT NOT NULL, name_lower TEXT NOT NULL, start_line INTEGER NOT NULL, end_line INTEGER NOT NULL, name_line INTEGER NOT NULL,
  name_column INTEGER NOT NULL, exported INTEGER NOT NULL, declared INTEGER NOT NULL, signature TEXT NOT NULL, doc TEXT NOT NULL,
  language TEXT, attributes TEXT, valid_from INTEGER NOT NULL, valid_to INTEGER);
CREATE INDEX entities_ended ON entities (valid_to) WHERE valid_to IS NOT NULL;
CREATE INDEX entities_node ON entities (node_id);
CREATE INDEX entities_file ON entities (file) WHERE valid_to IS NULL;
CREATE INDEX entities_name ON entities (name_lower);
CREATE INDEX entities_kind ON entities (kind);
CREATE TABLE edges (
  id INTEGER PRIMARY KEY, src INTEGER NOT NULL, dst INTEGER NOT NULL, kind TEXT NOT NULL, confidence REAL NOT NULL, method TEXT NOT NULL,
  line INTEGER NOT NULL, layer INTEGER NOT NULL, file INTEGER NOT NULL, valid_from INTEGER NOT NULL, valid_to INTEGER);
CREATE INDEX edges_ended ON edges (valid_to) WHERE valid_to IS NOT NULL;
CREATE INDEX edges_out ON edges (src);
CREATE INDEX edges_in ON edges (dst);
CREATE INDEX edges_file ON edges (file) WHERE valid_to IS NULL;
CREATE TABLE unresolved_calls (
  id INTEGER PRIMARY KEY, src INTEGER NOT NULL, name TEXT NOT NULL, line INTEGER NOT NULL, layer INTEGER NOT NULL, file INTEGER NOT NULL,
  valid_from INTEGER NOT NULL, valid_to INTEGER);
CREATE INDEX unresolved_ended ON unresolved_calls (valid_to) WHERE valid_to IS NOT NULL;
CREATE INDEX unresolved_src ON unresolved_calls (src);
CREATE INDEX unresolved_name ON unresolved_calls (name);
CREATE INDEX unresolved_file ON unresolved_calls (file) WHERE valid_to IS NULL;
CREATE TABLE answered_calls (file INTEGER NOT NULL, hash TEXT NOT NULL, answers TEXT NOT NULL, PRIMARY KEY (file, hash)) WITHOUT ROWID;
CREATE TABLE dependencies (layer INTEGER NOT NULL, file INTEGER NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (layer, file, used)) WITHOUT ROWID;
CREATE INDEX dependencies_used ON dependencies (used);
CREATE TABLE chunks (
  id INTEGER PRIMARY KEY, layer INTEGER NOT NULL, file INTEGER NOT NULL, path TEXT NOT NULL, symbol TEXT, kind TEXT, language TEXT,
  start_line INTEGER NOT NULL, end_line INTEGER NOT NULL, text TEXT NOT NULL, hash BLOB NOT NULL, valid_from INTEGER NOT NULL, valid_to INTEGER);
CREATE INDEX chunks_ended ON chunks (valid_to) WHERE valid_to IS NOT NULL;
CREATE INDEX chunks_file ON chunks (file);
CREATE INDEX chunks_hash ON chunks (hash);
CREATE VIRTUAL TABLE chunk_words USING fts5(name, notes, body, content='', contentless_delete=1, tokenize='porter unicode61');
CREATE VIRTUAL TABLE entity_trigrams USING fts5(name, content='', contentless_delete=1, tokenize='trigram');
`
