import { expect, test } from './journey'

test('a question in words finds code, says why, follows the frame, and opens the file', async ({ finished }) => {
  const { window } = finished
  const { page } = window
  await window.press('Ctrl+Shift+S')
  const search = window.panel('Search')
  await expect(search.getByRole('searchbox', { name: 'Search the repository' })).toBeFocused()
  await page.keyboard.type('discount of an invoice')
  const hits = search.getByRole('listbox', { name: 'Hits' })
  await expect(hits.getByRole('option').first()).toBeVisible()
  await expect(hits).toContainText('discount')
  const why = search.getByRole('region', { name: 'Why this hit' })
  await expect(why.getByRole('row').nth(1)).toContainText(/Words of the text|Names of symbols/)
  await expect(search.getByRole('status')).toContainText(/As of frame \d+/)

  await window.command('Search: in the repository as it is now, or at the selected frame')
  await expect(search.getByRole('status')).toContainText('The repository as it is now')

  await window.tabTo(search.getByRole('searchbox', { name: 'Search the repository' }))
  await window.press('ArrowDown')
  await expect(hits.getByRole('option', { selected: true })).toHaveAttribute('id', 'search-hit-1')
  await window.press('ArrowUp')
  await window.press('Enter')
  await expect(page.getByRole('tab', { name: /\.(ts|md|sql)$/ }).first()).toBeVisible()
})

test('a search is narrowed by path and kind, and says when nothing is left', async ({ finished }) => {
  const { window } = finished
  const { page } = window
  await window.press('Ctrl+Shift+S')
  const search = window.panel('Search')
  await page.keyboard.type('invoice')
  const hits = search.getByRole('listbox', { name: 'Hits' })
  await expect(hits.getByRole('option').first()).toBeVisible()
  await search.getByRole('button', { name: 'Filters' }).click()
  await search.getByLabel('Paths').fill('docs')
  await expect(hits.getByRole('option').first()).toContainText('docs/')
  await search.getByLabel('Paths').fill('nowhere')
  await expect(search.getByText('Nothing found')).toBeVisible()
})

test('what search is made of is shown, a provider that does not answer is refused, and the self-test runs', async ({ finished }) => {
  const { window } = finished
  await window.command('Search: embeddings, weights and self-test')
  const quality = window.panel('Search quality')
  await expect(quality.getByRole('combobox', { name: 'Provider' })).toHaveValue('built-in')
  await quality.getByRole('combobox', { name: 'Provider' }).selectOption('ollama')
  await quality.getByLabel('Address').fill('http://127.0.0.1:9')
  await quality.getByRole('button', { name: 'Try and save' }).click()
  await expect(quality.getByRole('alert')).toBeVisible()
  await quality.getByRole('button', { name: 'Test the saved settings' }).click()
  await expect(quality.getByText(/commits?, \d+ left out/)).toBeVisible({ timeout: 60_000 })
  await expect(quality.getByRole('heading', { name: 'Index' })).toBeVisible()
})
