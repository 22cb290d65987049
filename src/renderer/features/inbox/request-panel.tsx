import { useState } from 'react'
import { useStore } from 'zustand'
import type { PendingRequest } from '../../app/inbox-store'
import type { PanelProps } from '../../app/panel-registry'
import { answerRequest, PermissionRequest } from '../../app/permission-request'
import { useWindow } from '../../app/window-context'
import { EmptyState } from '../../components/surfaces'
import './inbox.css'
import { MergeReview } from './merge-review'
import { type Decision, reason, type RequestFormProps } from './request-form'
import { keyOf, TYPE_NAME } from './request-words'

export default function RequestPanel({ params, visible }: PanelProps) {
  const model = useWindow()
  const requests = useStore(model.inbox.store, (state) => state.requests)
  const [busy, setBusy] = useState(false)
  const request =
    requests.find((candidate) => candidate.requestId === params['requestId'] && candidate.runId === params['runId']) ?? requests[0]
  if (request === undefined) {
    return (
      <EmptyState title="No open question">
        Every question was answered. Answers are frames of their run: the conversation and the timeline keep them.
      </EmptyState>
    )
  }

  const closeWhenDone = (): void => {
    if (model.inbox.store.getState().requests.length === 0) model.dock.close('request')
  }

  async function answer(pending: PendingRequest, decision: Decision): Promise<void> {
    setBusy(true)
    if (await answerRequest(model, pending, decision)) closeWhenDone()
    setBusy(false)
  }

  if (request.authorize !== undefined) {
    return <PermissionRequest key={keyOf(request)} request={request} visible={visible} onAnswered={closeWhenDone} />
  }
  return (
    <div className="request" key={keyOf(request)}>
      <header>
        <p className="muted">
          {TYPE_NAME[request.type]}, asked at{' '}
          <button type="button" className="link" onClick={() => model.select(request.frame, request.branchId)}>
            frame {request.frame}
          </button>
        </p>
        <h2>{request.title}</h2>
        {request.body !== '' && <p className="request-body">{request.body}</p>}
      </header>
      <RequestForm request={request} busy={busy} onAnswer={(decision) => void answer(request, decision)} />
    </div>
  )
}

function RequestForm(props: RequestFormProps) {
  switch (props.request.type) {
    case 'approve-plan':
      return <ApprovePlan {...props} />
    case 'choose-option':
    case 'label-outcome':
      return <ChooseOption {...props} />
    case 'provide-context':
      return <ProvideContext {...props} />
    case 'authorize-action':
      return <Approve {...props} yes="Authorise" />
    case 'review-merge':
      return <MergeReview {...props} />
  }
}

function ApprovePlan(props: RequestFormProps) {
  const model = useWindow()
  const { plan } = props.request
  return (
    <>
      {plan !== undefined && (
        <>
          <section>
            <h3 className="section-title">Steps</h3>
            <ol className="request-steps">
              {plan.steps.map((step) => (
                <li key={step.id}>{step.title}</li>
              ))}
            </ol>
            {plan.notes.map((note) => (
              <p key={note} className="muted">
                {note}
              </p>
            ))}
          </section>
          <section>
            <h3 className="section-title">Affected files, {plan.affectedFiles.length}</h3>
            <ul className="request-files">
              {plan.affectedFiles.map((path) => (
                <li key={path}>
                  <button type="button" className="link mono" onClick={() => model.showFile(path, null)}>
                    {path}
                  </button>
                </li>
              ))}
            </ul>
          </section>
        </>
      )}
      <Approve {...props} yes="Approve plan" />
    </>
  )
}

function Approve({ busy, onAnswer, yes }: RequestFormProps & { yes: string }) {
  const [text, setText] = useState('')
  return (
    <form
      className="request-actions"
      onSubmit={(event) => {
        event.preventDefault()
        onAnswer({ decision: 'approve', ...reason(text) })
      }}
    >
      <button type="submit" className="button" data-tone="primary" data-autofocus disabled={busy}>
        {yes}
      </button>
      <button
        type="button"
        className="button"
        data-tone="danger"
        disabled={busy}
        onClick={() => onAnswer({ decision: 'deny', ...reason(text) })}
      >
        Deny
      </button>
      <input
        className="field"
        aria-label="Message"
        placeholder="Message, optional"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </form>
  )
}

function ChooseOption({ request, busy, onAnswer }: RequestFormProps) {
  const options = request.options ?? []
  const [chosen, setChosen] = useState(options.find((option) => option.recommended === true)?.id ?? options[0]?.id ?? '')
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        onAnswer({ decision: 'choose', optionId: chosen })
      }}
    >
      <fieldset className="request-options">
        <legend className="visually-hidden">{request.title}</legend>
        {options.map((option, index) => (
          <label key={option.id}>
            <input
              type="radio"
              name="option"
              value={option.id}
              checked={option.id === chosen}
              data-autofocus={index === 0 ? true : undefined}
              onChange={() => setChosen(option.id)}
            />
            <span>
              {option.label}
              {option.recommended === true && <span className="success"> recommended</span>}
              {option.detail !== undefined && <span className="muted mono"> {option.detail}</span>}
            </span>
          </label>
        ))}
      </fieldset>
      <div className="request-actions">
        <button type="submit" className="button" data-tone="primary" disabled={busy || chosen === ''}>
          Choose
        </button>
        <button type="button" className="button" data-tone="danger" disabled={busy} onClick={() => onAnswer({ decision: 'deny' })}>
          None of them
        </button>
      </div>
    </form>
  )
}

function ProvideContext({ busy, onAnswer }: RequestFormProps) {
  const [text, setText] = useState('')
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        onAnswer({ decision: 'answer', text: text.trim() })
      }}
    >
      <textarea
        className="field"
        rows={4}
        aria-label="Answer"
        data-autofocus
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit()
        }}
      />
      <div className="request-actions">
        <button type="submit" className="button" data-tone="primary" disabled={busy || text.trim() === ''}>
          Answer
        </button>
        <button type="button" className="button" data-tone="danger" disabled={busy} onClick={() => onAnswer({ decision: 'deny' })}>
          Refuse to answer
        </button>
      </div>
    </form>
  )
}
