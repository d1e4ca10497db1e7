// @kubernetes/client-node against a cluster; one line for each step: `client-node step: pass` or `client-node step: fail: why`.
// $KUBECONFIG names the cluster, $NAMESPACE a fresh namespace. Called by conformance/clients/runner.py.
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import * as k8s from '@kubernetes/client-node';

const namespace = process.env.NAMESPACE;
const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);
const objects = k8s.KubernetesObjectApi.makeApiClient(config);
const path = `/api/v1/namespaces/${namespace}/configmaps`;

async function step(name, work) {
  const late = sleep(60_000, undefined, { ref: false }).then(() => { throw new Error('timed out'); });
  try {
    await Promise.race([work(), late]);
    console.log(`client-node ${name}: pass`);
  } catch (error) {
    console.log(`client-node ${name}: fail: ${String(error.message ?? error).replaceAll('\n', ' ')}`);
  }
}

function expect(holds, seen) {
  if (!holds) throw new Error(JSON.stringify(seen));
}

async function refused(code, promise) {
  const outcome = await promise.then((value) => ({ value }), (error) => ({ error }));
  expect(outcome.error?.code === code, outcome.error?.body ?? outcome);
}

async function until(holds) {
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(100)) if (await holds()) return;
  throw new Error('did not come true');
}

const configMap = (name, value = 'one') => ({
  apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels: { app: 'j' } }, data: { key: value },
});
const deployment = (replicas) => ({
  metadata: { name: 'web' },
  spec: {
    replicas, selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx' }] } },
  },
});
const listMaps = () => core.listNamespacedConfigMap({ namespace });

await step('version', async () => {
  const version = await config.makeApiClient(k8s.VersionApi).getCode();
  expect(version.minor === '37', version);
});

await step('create, list in pages', async () => {
  await Promise.all([0, 1, 2, 3, 4].map((number) => core.createNamespacedConfigMap({ namespace, body: configMap(`j-${number}`) })));
  let [seen, _continue] = [0, undefined];
  do {
    const page = await core.listNamespacedConfigMap({ namespace, labelSelector: 'app=j', limit: 2, _continue });
    seen += page.items.length;
    _continue = page.metadata._continue;
  } while (_continue);
  expect(seen === 5, seen);
});

await step('update and conflict', async () => {
  const old = await core.readNamespacedConfigMap({ namespace, name: 'j-0' });
  await core.replaceNamespacedConfigMap({ namespace, name: 'j-0', body: { ...old, data: { key: 'two' } } });
  await refused(409, core.replaceNamespacedConfigMap({ namespace, name: 'j-0', body: old }));
});

await step('patches', async () => {
  const patch = (kind, body) =>
    core.patchNamespacedConfigMap({ namespace, name: 'j-1', body }, k8s.setHeaderOptions('Content-Type', kind));
  await patch(k8s.PatchStrategy.JsonPatch, [{ op: 'add', path: '/data/json', value: '1' }]);
  await patch(k8s.PatchStrategy.MergePatch, { data: { merge: '1' } });
  const now = await patch(k8s.PatchStrategy.StrategicMergePatch, { data: { strategic: '1' } });
  expect(Object.keys(now.data).sort().join() === 'json,key,merge,strategic', now.data);
});

await step('apply and its conflict', async () => {
  const apply = (manager, value, force) =>
    objects.patch(configMap('applied', value), undefined, undefined, manager, force, k8s.PatchStrategy.ServerSideApply);
  await apply('one', '1', false);
  await refused(409, apply('two', '2', false));
  await apply('two', '2', true);
});

await step('watch', async () => {
  const resourceVersion = (await listMaps()).metadata.resourceVersion;
  const seen = [];
  await new Promise((resolve, reject) => {
    const options = { resourceVersion, fieldSelector: 'metadata.name=watched' };
    const onEvent = (type) => seen.push(type) === 2 && resolve();
    new k8s.Watch(config).watch(path, options, onEvent, (error) => (error ? reject(error) : resolve())).then(async (request) => {
      await core.createNamespacedConfigMap({ namespace, body: configMap('watched') });
      await core.deleteNamespacedConfigMap({ namespace, name: 'watched' });
      return request;
    }).catch(reject);
  });
  expect(seen.join() === 'ADDED,DELETED', seen);
});

await step('watch of a compacted revision', async () => {
  const seen = await new Promise((resolve) => {
    const onEvent = (type, object) => resolve(type === 'ERROR' ? object.code : type);
    new k8s.Watch(config).watch(path, { resourceVersion: '1' }, onEvent, (error) => resolve(error?.statusCode ?? error?.code ?? error));
  });
  expect(seen === 410, String(seen));
});

await step('informer', async () => {
  const informer = k8s.makeInformer(config, path, listMaps);
  const seen = { update: [], delete: [] };
  for (const verb of Object.keys(seen)) informer.on(verb, (map) => seen[verb].push(map.metadata.name));
  await informer.start();
  await core.replaceNamespacedConfigMap({ namespace, name: 'j-2', body: configMap('j-2', 'seen') });
  await until(() => seen.update.includes('j-2'));
  await core.deleteNamespacedConfigMap({ namespace, name: 'j-2' });
  await until(() => seen.delete.includes('j-2') && !informer.get('j-2', namespace));
  await informer.stop();
});

await step('deployment to running pods, scale', async () => {
  await apps.createNamespacedDeployment({ namespace, body: deployment(2) });
  const ready = async () => (await apps.readNamespacedDeployment({ namespace, name: 'web' })).status.readyReplicas;
  await until(async () => (await ready()) === 2);
  const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'web' });
  await apps.replaceNamespacedDeploymentScale({ namespace, name: 'web', body: { ...scale, spec: { replicas: 3 } } });
  await until(async () => (await ready()) === 3);
});

const onePod = async () => (await core.listNamespacedPod({ namespace, labelSelector: 'app=web' })).items[0].metadata.name;

await step('logs', async () => {
  await core.readNamespacedPodLog({ namespace, name: await onePod() });
  const stream = new PassThrough();
  await new k8s.Log(config).log(namespace, await onePod(), 'web', stream, {});
});

await step('exec', async () => {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const pod = await onePod();
  const ended = new Promise((resolve, reject) => {
    new k8s.Exec(config)
      .exec(namespace, pod, 'web', ['sh', '-c', 'echo out; echo err >&2; exit 3'], out, err, null, false, resolve)
      .catch(reject);
  });
  const status = await ended;
  expect(status.reason === 'NonZeroExitCode' && status.details.causes[0].message === '3', status);
  expect(String(out.read()) === 'out\n' && String(err.read()) === 'err\n', 'output');
  const [input, echoed] = [new PassThrough(), new PassThrough()];
  input.end('typed');
  const done = await new Promise((resolve, reject) => {
    new k8s.Exec(config).exec(namespace, pod, 'web', ['cat'], echoed, null, input, false, resolve).catch(reject);
  });
  expect(done.status === 'Success' && String(echoed.read()) === 'typed', done);
});

await step('evict', async () => {
  const name = await onePod();
  await core.createNamespacedPodEviction({ namespace, name, body: { metadata: { name, namespace } } });
  await until(async () => !(await core.listNamespacedPod({ namespace })).items.some((pod) => pod.metadata.name === name));
});

await step('objects of any kind', async () => {
  const read = await objects.read({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace } });
  const list = await objects.list('v1', 'ConfigMap', namespace);
  expect(read.spec.replicas === 3 && list.items.length > 3, list.items.length);
});

await step('delete, deletecollection', async () => {
  await apps.deleteNamespacedDeployment({ namespace, name: 'web', propagationPolicy: 'Foreground' });
  await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'app=j' });
  await until(async () => (await apps.listNamespacedDeployment({ namespace })).items.length === 0);
  const left = await core.listNamespacedConfigMap({ namespace, labelSelector: 'app=j' });
  expect(left.items.length === 0, left.items.length);
  await refused(404, apps.readNamespacedDeployment({ namespace, name: 'web' }));
});

process.exit(0);
