import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import java.io.ByteArrayOutputStream;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * fabric8's client against a cluster; one line for each step: `fabric8 step: pass` or `fabric8 step: fail: why`. $KUBECONFIG names the
 * cluster, $NAMESPACE a fresh namespace. Called by conformance/clients/runner.py.
 */
public final class Main {
    private static final String NAMESPACE = System.getenv("NAMESPACE");
    private static final KubernetesClient CLIENT = new KubernetesClientBuilder().build();

    private interface Work {
        void run() throws Exception;
    }

    private static void step(String name, Work work) {
        try {
            CompletableFuture.runAsync(() -> {
                try {
                    work.run();
                } catch (Exception error) {
                    throw new RuntimeException(error);
                }
            }).get(15, TimeUnit.SECONDS);
            System.out.println("fabric8 " + name + ": pass");
        } catch (Throwable error) {
            System.out.println("fabric8 " + name + ": fail: " + String.valueOf(error).replace('\n', ' '));
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
        } catch (KubernetesClientException error) {
            expect(error.getCode() == code, error);
            return;
        }
        throw new AssertionError("expected " + code);
    }

    private static ConfigMap map(String name, String value) {
        return new ConfigMapBuilder().withNewMetadata().withName(name).withNamespace(NAMESPACE).addToLabels("app", "f").endMetadata()
            .addToData("key", value).build();
    }

    private static io.fabric8.kubernetes.client.dsl.Resource<ConfigMap> maps(String name) {
        return CLIENT.configMaps().inNamespace(NAMESPACE).withName(name);
    }

    private static Deployment deployment() {
        return new DeploymentBuilder().withNewMetadata().withName("web").withNamespace(NAMESPACE).endMetadata().withNewSpec().withReplicas(2)
            .withNewSelector().addToMatchLabels("app", "web").endSelector().withNewTemplate().withNewMetadata().addToLabels("app", "web")
            .endMetadata().withNewSpec().addNewContainer().withName("web").withImage("nginx").endContainer().endSpec().endTemplate().endSpec().build();
    }

    private static Pod onePod() {
        return CLIENT.pods().inNamespace(NAMESPACE).withLabel("app", "web").list().getItems().get(0);
    }

    private static void creates() {
        for (int number = 0; number < 5; number++) {
            CLIENT.resource(map("f-" + number, "one")).create();
        }
        var options = new ListOptionsBuilder().withLabelSelector("app=f").withLimit(2L);
        int seen = 0;
        String token = null;
        do {
            var page = CLIENT.configMaps().inNamespace(NAMESPACE).list(options.withContinue(token).build());
            seen += page.getItems().size();
            token = page.getMetadata().getContinue();
        } while (token != null && !token.isEmpty());
        expect(seen == 5, seen);
    }

    private static void updates() throws Exception {
        ConfigMap old = maps("f-0").get();
        CLIENT.resource(new ConfigMapBuilder(old).addToData("key", "two").build()).update();
        refused(409, () -> CLIENT.resource(new ConfigMapBuilder(old).addToData("key", "three").build()).lockResourceVersion().update());
        maps("f-0").edit(now -> new ConfigMapBuilder(now).addToData("edited", "yes").build());
    }

    private static void patches() {
        maps("f-1").patch(PatchContext.of(PatchType.JSON), "[{\"op\":\"add\",\"path\":\"/data/json\",\"value\":\"1\"}]");
        maps("f-1").patch(PatchContext.of(PatchType.JSON_MERGE), "{\"data\":{\"merge\":\"1\"}}");
        ConfigMap now = maps("f-1").patch(PatchContext.of(PatchType.STRATEGIC_MERGE), "{\"data\":{\"strategic\":\"1\"}}");
        expect(now.getData().size() == 4, now.getData());
    }

    private static void applies() throws Exception {
        CLIENT.resource(map("applied", "1")).fieldManager("one").serverSideApply();
        refused(409, () -> CLIENT.resource(map("applied", "2")).fieldManager("two").serverSideApply());
        CLIENT.resource(map("applied", "2")).fieldManager("two").forceConflicts().serverSideApply();
    }

    private static void watches() throws Exception {
        BlockingQueue<String> seen = new LinkedBlockingQueue<>();
        var watch = maps("watched").watch(new Watcher<ConfigMap>() {
            @Override
            public void eventReceived(Action action, ConfigMap map) {
                seen.add(action.name());
            }

            @Override
            public void onClose(WatcherException cause) {
                seen.add(String.valueOf(cause));
            }
        });
        CLIENT.resource(map("watched", "one")).create();
        maps("watched").delete();
        String both = seen.poll(20, TimeUnit.SECONDS) + seen.poll(20, TimeUnit.SECONDS);
        watch.close();
        expect(both.equals("ADDEDDELETED"), both);
    }

    private static void expires() throws Exception {
        CompletableFuture<Boolean> gone = new CompletableFuture<>();
        var options = new ListOptionsBuilder().withResourceVersion("1").build();
        var watch = CLIENT.configMaps().inNamespace(NAMESPACE).watch(options, new Watcher<ConfigMap>() {
            @Override
            public void eventReceived(Action action, ConfigMap map) {}

            @Override
            public void onClose(WatcherException cause) {
                gone.complete(cause.isHttpGone());
            }
        });
        expect(gone.get(20, TimeUnit.SECONDS), "expected 410");
        watch.close();
    }

    private static void informs() throws Exception {
        try (var informer = CLIENT.configMaps().inNamespace(NAMESPACE).inform()) {
            maps("f-2").edit(now -> new ConfigMapBuilder(now).addToData("key", "seen").build());
            for (int turn = 0; !"seen".equals(informer.getIndexer().getByKey(NAMESPACE + "/f-2").getData().get("key")); turn++) {
                expect(turn < 200, "not seen");
                Thread.sleep(50);
            }
        }
    }

    private static void rollsOut() {
        CLIENT.resource(deployment()).serverSideApply();
        var web = CLIENT.apps().deployments().inNamespace(NAMESPACE).withName("web");
        web.waitUntilReady(30, TimeUnit.SECONDS);
        web.scale(3);
        web.waitUntilCondition(now -> now != null && Integer.valueOf(3).equals(now.getStatus().getReadyReplicas()), 30, TimeUnit.SECONDS);
    }

    private static void executes() throws Exception {
        var pod = CLIENT.pods().inNamespace(NAMESPACE).withName(onePod().getMetadata().getName());
        var out = new ByteArrayOutputStream();
        try (var watch = pod.writingOutput(out).exec("sh", "-c", "echo out; exit 3")) {
            expect(watch.exitCode().get(10, TimeUnit.SECONDS) == 3, "exit code");
        }
        expect(out.toString().equals("out\n"), out);
        var echoed = new ByteArrayOutputStream();
        try (var watch = pod.redirectingInput().writingOutput(echoed).exec("head", "-n", "1")) {
            watch.getInput().write("typed\n".getBytes());
            watch.getInput().close();
            expect(watch.exitCode().get(10, TimeUnit.SECONDS) == 0 && echoed.toString().equals("typed\n"), echoed);
        }
        try (var forward = pod.portForward(80); var socket = new Socket("127.0.0.1", forward.getLocalPort())) {
            socket.setSoTimeout(5000);
            expect(socket.getInputStream().read() == -1, "a simulated pod answers");
        }
    }

    private static void evicts() {
        String name = onePod().getMetadata().getName();
        expect(CLIENT.pods().inNamespace(NAMESPACE).withName(name).evict(), "not evicted");
        CLIENT.pods().inNamespace(NAMESPACE).withName(name).waitUntilCondition(pod -> pod == null, 30, TimeUnit.SECONDS);
    }

    private static void elects() throws Exception {
        CompletableFuture<String> leader = new CompletableFuture<>();
        var callbacks = new LeaderCallbacks(() -> {}, () -> {}, leader::complete);
        var settings = new LeaderElectionConfigBuilder().withName("leader").withLock(new LeaseLock(NAMESPACE, "leader", "one"))
            .withLeaseDuration(Duration.ofSeconds(4)).withRenewDeadline(Duration.ofSeconds(3)).withRetryPeriod(Duration.ofMillis(500))
            .withReleaseOnCancel(true).withLeaderCallbacks(callbacks).build();
        var running = CLIENT.leaderElector().withConfig(settings).build().start();
        expect("one".equals(leader.get(20, TimeUnit.SECONDS)), leader);
        running.cancel(true);
    }

    private static void deletes() {
        var web = CLIENT.apps().deployments().inNamespace(NAMESPACE).withName("web");
        web.delete();
        CLIENT.configMaps().inNamespace(NAMESPACE).withLabel("app", "f").delete();
        web.waitUntilCondition(now -> now == null, 30, TimeUnit.SECONDS);
        expect(CLIENT.configMaps().inNamespace(NAMESPACE).withLabel("app", "f").list().getItems().isEmpty(), "ConfigMaps are left");
    }

    public static void main(String[] arguments) {
        step("version", () -> expect(CLIENT.getKubernetesVersion().getMinor().equals("37"), CLIENT.getKubernetesVersion()));
        step("create, list in pages", Main::creates);
        step("update, conflict, edit", Main::updates);
        step("patches", Main::patches);
        step("apply and its conflict", Main::applies);
        step("watch", Main::watches);
        step("watch of a compacted revision", Main::expires);
        step("informer", Main::informs);
        step("deployment to running pods, scale", Main::rollsOut);
        step("logs", () -> CLIENT.pods().inNamespace(NAMESPACE).withName(onePod().getMetadata().getName()).getLog());
        step("exec, port-forward", Main::executes);
        step("evict", Main::evicts);
        step("leader election", Main::elects);
        step("delete, deletecollection", Main::deletes);
        System.exit(0);
    }
}
