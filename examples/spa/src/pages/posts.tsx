import { LatchkeyError } from '@latchkey/client';
import { callPosts, postsUrl } from '../auth.ts';
import { useStepUp } from '../step-up.tsx';
import { Action, Card, Field, Form, Loading, Page, Problem, Time, useLoaded, useSay } from '../ui.tsx';

interface Post {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly created_at: string;
}

const loadPosts = async () => (await callPosts<{ posts: Post[] }>('/posts')).posts;

/** What another service keeps, which lets its callers in by an access token of Latchkey. */
export function Posts() {
  const { value: posts, error, reload } = useLoaded(loadPosts);
  const stepUp = useStepUp();
  const say = useSay();

  async function write(post: Record<string, string>, form: HTMLFormElement) {
    const headers = { 'Content-Type': 'application/json' };
    await callPosts('/posts', { method: 'POST', headers, body: JSON.stringify(post) });
    form.reset();
    await reload();
    say('Posted.');
  }

  async function remove(id: string) {
    await stepUp(() => callPosts(`/posts/${id}`, { method: 'DELETE' }));
    await reload();
    say('Deleted.');
  }

  return (
    <Page title="Posts" intro="Kept by another service, which verifies your access token itself.">
      {posts === undefined ? (
        error === undefined ? (
          <Loading />
        ) : (
          <NotThere error={error} onRetry={reload} />
        )
      ) : (
        <>
          <Card title="Write one">
            <Form label="Post" onSubmit={write}>
              <Field label="Title" name="title" maxLength={200} autoComplete="off" />
              <Field label="Text" name="text" as="textarea" rows={4} />
            </Form>
          </Card>
          <Card title="Your posts">
            {posts.length === 0 && <p className="muted">You have not written any yet.</p>}
            <ul className="list posts">
              {posts.map(({ id, title, text, created_at }) => (
                <li key={id}>
                  <article>
                    <h3>{title}</h3>
                    <p>{text}</p>
                    <span className="muted">
                      <Time at={created_at} />
                    </span>
                  </article>
                  <Action label="Delete" kind="danger" about={title} onPress={() => remove(id)} />
                </li>
              ))}
            </ul>
          </Card>
        </>
      )}
    </Page>
  );
}

function NotThere({ error, onRetry }: { error: unknown; onRetry: () => Promise<void> }) {
  const isForbidden = error instanceof LatchkeyError && error.code === 'insufficient_scope';
  const isRefusal = error instanceof LatchkeyError && error.status > 0;
  return (
    <Card title={isForbidden ? 'You are not an author yet' : 'The posts service does not answer'}>
      {isForbidden ? (
        <p>
          An administrator gives your account a role with the permissions <code>posts:read</code> and{' '}
          <code>posts:write</code>.
        </p>
      ) : isRefusal ? (
        <Problem error={error} />
      ) : (
        <p>
          It should be at <code>{postsUrl}</code>. Start it as <code>examples/spa/README.md</code> says under
          “Posts”, with <code>CORS_ORIGINS={location.origin}</code>.
        </p>
      )}
      <Action label="Try again" onPress={onRetry} />
    </Card>
  );
}
