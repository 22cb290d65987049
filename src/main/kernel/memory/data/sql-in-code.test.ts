import { describe, expect, it } from 'vitest'
import { codeWith, factsLines } from '../../testing/facts-lines'
import { sqlInCode } from './sql-in-code'

const relations = (path: string, text: string, ...symbols: readonly string[]): readonly string[] =>
  factsLines(sqlInCode, path, text, symbols.length === 0 ? null : codeWith(...symbols)).relations

describe('SQL in strings', () => {
  it('starts at the innermost symbol and tells reading from writing', () => {
    const text = [
      'class Users {',
      '  find(id) {',
      '    return db.query(`SELECT u.*, (SELECT count(*) FROM orders) AS n FROM users u WHERE id = ${id}`)',
      '  }',
      '  rename(id) {',
      "    db.prepare('update users set name = ? where id = ?').run(id)",
      '  }',
      '}',
    ].join('\n')
    expect(relations('src/users.ts', text, 'Users 1-8', 'Users.find 2-4', 'Users.rename 5-7')).toEqual([
      '#Users.find reads table:orders (SQL in a string)',
      '#Users.find reads table:users (SQL in a string)',
      '#Users.rename writes table:users (SQL in a string)',
    ])
  })

  it.each([
    [
      'a.py',
      'cursor.execute("""\n  INSERT INTO audit.log (a)\n  SELECT b FROM events\n""")',
      ['file reads table:events (SQL in a string)', 'file writes table:audit.log (SQL in a string)'],
    ],
    ['a.py', 'q = f"DELETE FROM {table} WHERE 1"; r = ("SELECT a "\n  "FROM users")', ['file reads table:users (SQL in a string)']],
    ['a.go', 'rows, err := db.Query(`SELECT id FROM users WHERE a = $1`, a)', ['file reads table:users (SQL in a string)']],
    ['A.java', 'st.executeUpdate("UPDATE users " +\n  "SET a = " + a + " WHERE b");', ['file writes table:users (SQL in a string)']],
    ['a.rs', 'sqlx::query!(r#"SELECT * FROM users"#)', ['file reads table:users (SQL in a string)']],
    ['a.php', "$db->query('SELECT * FROM ' . $prefix . 'x JOIN posts ON 1');", ['file reads table:posts (SQL in a string)']],
    ['a.c', 'char *s = "SELECT name FROM \\"Users\\" WHERE x";', ['file reads table:Users (SQL in a string)']],
    ['a.rb', 'execute <<~SQL\nSQL\nexecute("TRUNCATE TABLE users")', ['file writes table:users (SQL in a string)']],
  ])('in %s: %s', (path, text, expected) => {
    expect(relations(path, text)).toEqual(expected)
  })

  it.each([
    'Select an item from the list',
    'select the file from disk',
    'Update your settings',
    'delete this',
    'with',
    'create a table',
    'Insert into the slot',
    'update available',
  ])('is no prose: %s', (text) => {
    expect(relations('a.ts', `say('${text}')`)).toEqual([])
  })

  it('takes classes of object queries as models', () => {
    const text = 'import jakarta.persistence.Query;\n@Query("SELECT u FROM User u")'
    expect(relations('R.java', text)).toContain('file reads ?table:users (query over objects)')
  })

  it('declares tables that code makes, but not those of tests', () => {
    const text = "db.exec('CREATE TABLE kv (key TEXT PRIMARY KEY)')"
    expect(factsLines(sqlInCode, 'src/store.ts', text).entities).toEqual([
      'table:kv 1-1 table kv (key)',
      'column:kv.key 1-1 key TEXT primary key',
    ])
    expect(factsLines(sqlInCode, 'src/store.test.ts', text).entities).toEqual([])
  })
})
