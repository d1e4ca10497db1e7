import io.kubernetes.client.custom.V1Patch;
import io.kubernetes.client.extended.leaderelection.LeaderElectionConfig;
import io.kubernetes.client.extended.leaderelection.LeaderElector;
import io.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import io.kubernetes.client.informer.SharedInformerFactory;
import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.openapi.ApiException;
import io.kubernetes.client.openapi.apis.AppsV1Api;
import io.kubernetes.client.openapi.apis.CoreV1Api;
import io.kubernetes.client.openapi.apis.VersionApi;
import io.kubernetes.client.openapi.models.V1ConfigMap;
import io.kubernetes.client.openapi.models.V1ConfigMapList;
import io.kubernetes.client.openapi.models.V1Container;
import io.kubernetes.client.openapi.models.V1Deployment;
import io.kubernetes.client.openapi.models.V1DeploymentSpec;
import io.kubernetes.client.openapi.models.V1Eviction;
import io.kubernetes.client.openapi.models.V1LabelSelector;
import io.kubernetes.client.openapi.models.V1ObjectMeta;
import io.kubernetes.client.openapi.models.V1PodSpec;
import io.kubernetes.client.openapi.models.V1PodTemplateSpec;
import io.kubernetes.client.Exec;
import io.kubernetes.client.util.Config;
import io.kubernetes.client.util.Watchable;
import io.kubernetes.client.util.generic.GenericKubernetesApi;
import io.kubernetes.client.util.generic.KubernetesApiResponse;
import io.kubernetes.client.util.generic.options.ListOptions;
import io.kubernetes.client.util.generic.options.PatchOptions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The official Java client against a cluster; one line for each step: `client-java step: pass` or `client-java step: fail: why`.
 * $KUBECONFIG names the cluster, $NAMESPACE a fresh namespace. Called by conformance/clients/runner.py.
 */
public final class Main {
    private static final String NAMESPACE = System.getenv("NAMESPACE");
    private static ApiClient client;
    private static CoreV1Api core;
    private static AppsV1Api apps;
    private static GenericKubernetesApi<V1ConfigMap, V1ConfigMapList> maps;

    private interface Work {
        void run() throws Exception;
    }

    private interface Question {
        boolean ask() throws Exception;
    }

    private static void step(String name, Work work) {
        try {
            work.run();
            System.out.println("client-java " + name + ": pass");
        } catch (Throwable error) {
            String body = error instanceof ApiException refusal ? " " + refusal.getCode() + " " + refusal.getResponseBody() : "";
            System.out.println("client-java " + name + ": fail: " + (error + body).replace('\n', ' '));
        }
    }

    private static void expect(boolean holds, Object seen) {
        if (!holds) {
            throw new AssertionError(String.valueOf(seen));
        }
    }

    private static void refused(int code, Work work) throws Exception {
        try {
            work.run();
        } catch (ApiException error) {
            expect(error.getCode() == code, error.getResponseBody());
            return;
        }
        throw new AssertionError("expected " + code);
    }

    private static void until(Question question) throws Exception {
        for (int turn = 0; !question.ask(); turn++) {
            expect(turn < 300, "did not come true");
            Thread.sleep(100);
        }
    }

    private static V1ConfigMap map(String name, String value) {
        var metadata = new V1ObjectMeta().name(name).namespace(NAMESPACE).labels(Map.of("app", "j"));
        return new V1ConfigMap().apiVersion("v1").kind("ConfigMap").metadata(metadata).putDataItem("key", value);
    }

    private static V1Deployment deployment() {
        var labels = Map.of("app", "web");
        var template = new V1PodTemplateSpec().metadata(new V1ObjectMeta().labels(labels))
            .spec(new V1PodSpec().containers(List.of(new V1Container().name("web").image("nginx"))));
        var spec = new V1DeploymentSpec().replicas(2).selector(new V1LabelSelector().matchLabels(labels)).template(template);
        return new V1Deployment().metadata(new V1ObjectMeta().name("web")).spec(spec);
    }

    private static String onePod() throws ApiException {
        return core.listNamespacedPod(NAMESPACE).labelSelector("app=web").execute().getItems().get(0).getMetadata().getName();
    }

    private static Integer ready() throws ApiException {
        return apps.readNamespacedDeployment("web", NAMESPACE).execute().getStatus().getReadyReplicas();
    }

    private static void creates() throws ApiException {
        for (int number = 0; number < 5; number++) {
            core.createNamespacedConfigMap(NAMESPACE, map("j-" + number, "one")).execute();
        }
        int seen = 0;
        String token = null;
        do {
            var page = core.listNamespacedConfigMap(NAMESPACE).labelSelector("app=j").limit(2)._continue(token).execute();
            seen += page.getItems().size();
            token = page.getMetadata().getContinue();
        } while (token != null && !token.isEmpty());
        expect(seen == 5, seen);
    }

    private static void updates() throws Exception {
        V1ConfigMap old = core.readNamespacedConfigMap("j-0", NAMESPACE).execute();
        V1ConfigMap changed = core.readNamespacedConfigMap("j-0", NAMESPACE).execute().putDataItem("key", "two");
        core.replaceNamespacedConfigMap("j-0", NAMESPACE, changed).execute();
        refused(409, () -> core.replaceNamespacedConfigMap("j-0", NAMESPACE, old).execute());
    }

    private static void patches() {
        patch(V1Patch.PATCH_FORMAT_JSON_PATCH, "[{\"op\":\"add\",\"path\":\"/data/json\",\"value\":\"1\"}]");
        patch(V1Patch.PATCH_FORMAT_JSON_MERGE_PATCH, "{\"data\":{\"merge\":\"1\"}}");
        var now = patch(V1Patch.PATCH_FORMAT_STRATEGIC_MERGE_PATCH, "{\"data\":{\"strategic\":\"1\"}}");
        expect(now.getObject().getData().size() == 4, now.getObject());
    }

    private static KubernetesApiResponse<V1ConfigMap> patch(String format, String body) {
        var answer = maps.patch(NAMESPACE, "j-1", format, new V1Patch(body));
        expect(answer.isSuccess(), answer.getStatus());
        return answer;
    }

    private static int apply(String manager, String value, boolean force) {
        var options = new PatchOptions();
        options.setFieldManager(manager);
        options.setForce(force);
        var body = new V1Patch(client.getJSON().serialize(map("applied", value)));
        return maps.patch(NAMESPACE, "applied", V1Patch.PATCH_FORMAT_APPLY_YAML, body, options).getHttpStatusCode();
    }

    private static void applies() {
        expect(apply("one", "1", false) < 300, "first apply");
        expect(apply("two", "2", false) == 409, "expected a conflict");
        expect(apply("two", "2", true) < 300, "forced apply");
    }

    private static void watches() throws Exception {
        var options = new ListOptions();
        options.setResourceVersion(core.listNamespacedConfigMap(NAMESPACE).execute().getMetadata().getResourceVersion());
        options.setFieldSelector("metadata.name=watched");
        try (Watchable<V1ConfigMap> watch = maps.watch(NAMESPACE, options)) {
            core.createNamespacedConfigMap(NAMESPACE, map("watched", "one")).execute();
            core.deleteNamespacedConfigMap("watched", NAMESPACE).execute();
            String both = watch.next().type + watch.next().type;
            expect(both.equals("ADDEDDELETED"), both);
        }
    }

    private static void expires() throws Exception {
        var options = new ListOptions();
        options.setResourceVersion("1");
        try (Watchable<V1ConfigMap> watch = maps.watch(NAMESPACE, options)) {
            var event = watch.next();
            expect(event.type.equals("ERROR") && event.status.getCode() == 410, event.type + event.status);
        }
    }

    private static void informs() throws Exception {
        var factory = new SharedInformerFactory(client);
        var informer = factory.sharedIndexInformerFor(maps, V1ConfigMap.class, 0, NAMESPACE);
        factory.startAllRegisteredInformers();
        until(informer::hasSynced);
        core.replaceNamespacedConfigMap("j-2", NAMESPACE, map("j-2", "seen")).execute();
        until(() -> "seen".equals(informer.getIndexer().getByKey(NAMESPACE + "/j-2").getData().get("key")));
        factory.stopAllRegisteredInformers();
    }

    private static void rollsOut() throws Exception {
        apps.createNamespacedDeployment(NAMESPACE, deployment()).execute();
        until(() -> Integer.valueOf(2).equals(ready()));
        var scale = apps.readNamespacedDeploymentScale("web", NAMESPACE).execute();
        scale.getSpec().setReplicas(3);
        apps.replaceNamespacedDeploymentScale("web", NAMESPACE, scale).execute();
        until(() -> Integer.valueOf(3).equals(ready()));
    }

    private static void executes() throws Exception {
        Process process = new Exec(client).exec(NAMESPACE, onePod(), new String[] {"sh", "-c", "cat; exit 3"}, true, false);
        try (var input = process.getOutputStream()) {
            input.write("echoed".getBytes());
        }
        expect(new String(process.getInputStream().readNBytes(6)).equals("echoed"), "output");
        process.destroy();
        Process failing = new Exec(client).exec(NAMESPACE, onePod(), new String[] {"sh", "-c", "exit 3"}, false, false);
        expect(failing.waitFor(10, TimeUnit.SECONDS) && failing.exitValue() == 3, "exit code");
    }

    private static void evicts() throws Exception {
        String name = onePod();
        var eviction = new V1Eviction().metadata(new V1ObjectMeta().name(name).namespace(NAMESPACE));
        // execute() of the request reads the answer as an Eviction, but every API server answers with a Status
        try (var answer = core.createNamespacedPodEviction(name, NAMESPACE, eviction).buildCall(null).execute()) {
            expect(answer.code() == 201, "evicting: " + answer);
        }
        until(() -> core.listNamespacedPod(NAMESPACE).execute().getItems().stream().noneMatch(pod -> pod.getMetadata().getName().equals(name)));
    }

    private static void elects() throws Exception {
        CompletableFuture<Boolean> leading = new CompletableFuture<>();
        var lock = new LeaseLock(NAMESPACE, "leader", "one", client);
        var settings = new LeaderElectionConfig(lock, Duration.ofSeconds(4), Duration.ofSeconds(3), Duration.ofMillis(500));
        var elector = new LeaderElector(settings);
        var thread = new Thread(() -> elector.run(() -> leading.complete(true), () -> {}));
        thread.setDaemon(true);
        thread.start();
        expect(leading.get(20, TimeUnit.SECONDS), "never led");
        elector.close();
    }

    private static void deletes() throws Exception {
        apps.deleteNamespacedDeployment("web", NAMESPACE).propagationPolicy("Foreground").execute();
        core.deleteCollectionNamespacedConfigMap(NAMESPACE).labelSelector("app=j").execute();
        until(() -> apps.listNamespacedDeployment(NAMESPACE).execute().getItems().isEmpty());
        expect(core.listNamespacedConfigMap(NAMESPACE).labelSelector("app=j").execute().getItems().isEmpty(), "ConfigMaps are left");
        refused(404, () -> apps.readNamespacedDeployment("web", NAMESPACE).execute());
    }

    public static void main(String[] arguments) throws Exception {
        client = Config.defaultClient();
        core = new CoreV1Api(client);
        apps = new AppsV1Api(client);
        maps = new GenericKubernetesApi<>(V1ConfigMap.class, V1ConfigMapList.class, "", "v1", "configmaps", client);
        step("version", () -> expect(new VersionApi(client).getCode().execute().getMinor().equals("37"), "version"));
        step("create, list in pages", Main::creates);
        step("update and conflict", Main::updates);
        step("patches", Main::patches);
        step("apply and its conflict", Main::applies);
        step("watch", Main::watches);
        step("watch of a compacted revision", Main::expires);
        step("informer", Main::informs);
        step("deployment to running pods, scale", Main::rollsOut);
        step("logs", () -> core.readNamespacedPodLog(onePod(), NAMESPACE).execute());
        step("exec", Main::executes);
        step("evict", Main::evicts);
        step("leader election", Main::elects);
        step("delete, deletecollection", Main::deletes);
        System.exit(0);
    }
}
