import { notFound } from '../shared/errors.ts'
import { Table } from '../storage/table.ts'
import type { User } from './user.ts'

export class UserRepository {
  readonly #table = new Table<User>('users')

  add(user: User): void {
    this.#table.insert(user)
  }

  save(user: User): void {
    this.#table.update(user)
  }

  /** Throws `not-found`. */
  get(userId: string): User {
    const user = this.#table.find(userId)
    if (user === undefined) throw notFound('user', userId)
    return user
  }

  findByEmail(email: string): User | undefined {
    const wanted = email.toLowerCase()
    return this.#table.where((user) => user.email.toLowerCase() === wanted)[0]
  }
}
