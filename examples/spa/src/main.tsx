import { LatchkeyProvider } from '@latchkey/client/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { client } from './auth.ts';
import { StepUpProvider } from './step-up.tsx';
import './style.css';
import { Messages } from './ui.tsx';

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <LatchkeyProvider client={client}>
      <Messages>
        <StepUpProvider>
          <App />
        </StepUpProvider>
      </Messages>
    </LatchkeyProvider>
  </StrictMode>,
);
