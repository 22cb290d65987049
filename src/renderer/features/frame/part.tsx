import type { ReactNode } from 'react'

export function Part({ title, tone, children }: { title: string; tone?: 'danger'; children: ReactNode }) {
  return (
    <section className="frame-part" data-tone={tone}>
      <h4 className="section-title">{title}</h4>
      {children}
    </section>
  )
}
