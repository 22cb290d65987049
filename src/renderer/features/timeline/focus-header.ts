/** A form that goes away must not take the focus with it: it goes back to the button of its section. */
export function focusHeader(section: HTMLElement | null): void {
  section?.querySelector<HTMLElement>('header button')?.focus()
}
