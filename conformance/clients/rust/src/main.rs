//! Does with kube-rs what programs do with a cluster; one line for each step: `kube-rs step: pass` or `kube-rs step: fail: why`.
//! $KUBECONFIG names the cluster, $NAMESPACE a fresh namespace. Called by conformance/clients/runner.py.

use std::{future::Future, time::Duration};

use futures::{TryStreamExt, pin_mut};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::{ConfigMap, Pod}};
use kube::{
    Api, Client, Error, ResourceExt,
    api::{
        ApiResource, AttachParams, DeleteParams, DynamicObject, EvictParams, GroupVersionKind, ListParams, LogParams, Patch, PatchParams, PostParams,
        WatchEvent, WatchParams,
    },
    runtime::{WatchStreamExt, reflector, wait::{await_condition, conditions}, watcher},
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

async fn step(name: &str, work: impl Future<Output = Result>) {
    let done = tokio::time::timeout(Duration::from_secs(60), work).await;
    match done {
        Ok(Ok(())) => println!("kube-rs {name}: pass"),
        Ok(Err(error)) => println!("kube-rs {name}: fail: {}", error.to_string().replace('\n', " ")),
        Err(_) => println!("kube-rs {name}: fail: timed out"),
    }
}

fn expect(holds: bool, seen: impl std::fmt::Debug) -> Result {
    if holds { Ok(()) } else { Err(format!("{seen:?}").into()) }
}

fn code(error: &Error) -> u16 {
    match error {
        Error::Api(status) => status.code,
        _ => 0,
    }
}

fn config_map(name: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name, "labels": {"app": "r"}}, "data": {"key": "one"}})).expect("a ConfigMap")
}

async fn reads_and_writes(maps: &Api<ConfigMap>) -> Result {
    for number in 0..5 {
        maps.create(&PostParams::default(), &config_map(&format!("r-{number}"))).await?;
    }
    let (mut seen, mut parameters) = (0, ListParams::default().labels("app=r").limit(2));
    loop {
        let page = maps.list(&parameters).await?;
        seen += page.items.len();
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => parameters = parameters.continue_token(&token),
            None => break,
        }
    }
    expect(seen == 5, seen)
}

async fn updates(maps: &Api<ConfigMap>) -> Result {
    let old = maps.get("r-0").await?;
    let mut changed = old.clone();
    changed.data.get_or_insert_default().insert("key".into(), "two".into());
    maps.replace("r-0", &PostParams::default(), &changed).await?;
    match maps.replace("r-0", &PostParams::default(), &old).await {
        Err(error) if code(&error) == 409 => Ok(()),
        other => Err(format!("expected a conflict: {other:?}").into()),
    }
}

async fn patches(maps: &Api<ConfigMap>) -> Result {
    let parameters = PatchParams::default();
    let operations = serde_json::from_value(json!([{"op": "add", "path": "/data/json", "value": "1"}]))?;
    maps.patch("r-1", &parameters, &Patch::Json::<()>(operations)).await?;
    maps.patch("r-1", &parameters, &Patch::Merge(json!({"data": {"merge": "1"}}))).await?;
    let now = maps.patch("r-1", &parameters, &Patch::Strategic(json!({"data": {"strategic": "1"}}))).await?;
    expect(now.data.as_ref().is_some_and(|data| data.len() == 4), &now.data)
}

async fn applies(maps: &Api<ConfigMap>) -> Result {
    let wanted = |value: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"key": value}});
    maps.patch("applied", &PatchParams::apply("one"), &Patch::Apply(wanted("1"))).await?;
    match maps.patch("applied", &PatchParams::apply("two"), &Patch::Apply(wanted("2"))).await {
        Err(error) if code(&error) == 409 => (),
        other => return Err(format!("expected a conflict: {other:?}").into()),
    }
    maps.patch("applied", &PatchParams::apply("two").force(), &Patch::Apply(wanted("2"))).await?;
    Ok(())
}

async fn watches(maps: &Api<ConfigMap>) -> Result {
    let revision = maps.list(&ListParams::default()).await?.metadata.resource_version.unwrap_or_default();
    let events = maps.watch(&WatchParams::default().fields("metadata.name=watched"), &revision).await?;
    pin_mut!(events);
    maps.create(&PostParams::default(), &config_map("watched")).await?;
    maps.delete("watched", &DeleteParams::default()).await?;
    let (one, two) = (events.try_next().await?, events.try_next().await?);
    expect(matches!((&one, &two), (Some(WatchEvent::Added(_)), Some(WatchEvent::Deleted(_)))), (&one, &two))
}

async fn expires(maps: &Api<ConfigMap>) -> Result {
    let events = maps.watch(&WatchParams::default(), "1").await;
    match events {
        Err(error) => expect(code(&error) == 410, error),
        Ok(events) => {
            pin_mut!(events);
            let one = events.try_next().await?;
            expect(matches!(&one, Some(WatchEvent::Error(status)) if status.code == 410), one)
        }
    }
}

async fn informs(maps: &Api<ConfigMap>, streaming: bool) -> Result {
    let (reader, writer) = reflector::store::<ConfigMap>();
    let settings = if streaming { watcher::Config::default().streaming_lists() } else { watcher::Config::default() };
    let stream = reflector(writer, watcher(maps.clone(), settings)).touched_objects();
    let running = tokio::spawn(stream.try_for_each(|_| async { Ok(()) }));
    reader.wait_until_ready().await?;
    let value = format!("seen-{streaming}");
    maps.patch("r-2", &PatchParams::default(), &Patch::Merge(json!({"data": {"seen": value}}))).await?;
    let seen = || reader.find(|map| map.name_any() == "r-2" && map.data.as_ref().is_some_and(|data| data.get("seen") == Some(&value)));
    while seen().is_none() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    running.abort();
    Ok(())
}

fn deployment() -> Value {
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template},
    })
}

async fn rolls_out(deployments: &Api<Deployment>) -> Result {
    deployments.patch("web", &PatchParams::apply("rust"), &Patch::Apply(deployment())).await?;
    await_condition(deployments.clone(), "web", conditions::is_deployment_completed()).await?;
    let mut scale = deployments.get_scale("web").await?;
    scale.spec.get_or_insert_default().replicas = Some(3);
    deployments.replace_scale("web", &PostParams::default(), &scale).await?;
    await_condition(deployments.clone(), "web", conditions::is_deployment_completed()).await?;
    Ok(())
}

async fn reads_logs(pods: &Api<Pod>) -> Result {
    let found = pods.list(&ListParams::default().labels("app=web")).await?;
    let name = found.items.first().ok_or("no pods")?.name_any();
    await_condition(pods.clone(), &name, conditions::is_pod_running()).await?;
    pods.logs(&name, &LogParams::default()).await?;
    Ok(())
}

async fn executes(pods: &Api<Pod>) -> Result {
    let found = pods.list(&ListParams::default().labels("app=web")).await?;
    let name = found.items.first().ok_or("no pods")?.name_any();
    let mut process = pods.exec(&name, ["sh", "-c", "cat; exit 3"], &AttachParams::default().stdin(true).stderr(false)).await?;
    let status = process.take_status().ok_or("no status")?;
    let mut input = process.stdin().ok_or("no stdin")?;
    input.write_all(b"typed").await?;
    input.shutdown().await?;
    drop(input);
    let mut said = String::new();
    process.stdout().ok_or("no stdout")?.read_to_string(&mut said).await?;
    let ended = status.await.ok_or("no end")?;
    process.join().await?;
    if said != "typed" || ended.reason.as_deref() != Some("NonZeroExitCode") {
        return Err(format!("{said:?} {ended:?}").into());
    }
    Ok(())
}

async fn evicts(pods: &Api<Pod>) -> Result {
    let found = pods.list(&ListParams::default().labels("app=web")).await?;
    let pod = found.items.first().ok_or("no pods")?;
    pods.evict(&pod.name_any(), &EvictParams::default()).await?;
    await_condition(pods.clone(), &pod.name_any(), conditions::is_deleted(&pod.uid().unwrap_or_default())).await?;
    Ok(())
}

async fn untyped(client: &Client, namespace: &str) -> Result {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("apps", "v1", "Deployment"));
    let deployments: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    let one = deployments.get("web").await?;
    let partial = deployments.get_metadata("web").await?;
    expect(one.data["spec"]["replicas"] == 3 && partial.metadata.uid == one.metadata.uid, &one.data)
}

async fn discovers(client: &Client) -> Result {
    let found = kube::discovery::Discovery::new(client.clone()).run().await?;
    let version = client.apiserver_version().await?;
    expect(found.groups().count() > 15 && version.minor == "37", version)
}

async fn deletes(maps: &Api<ConfigMap>, deployments: &Api<Deployment>) -> Result {
    deployments.delete("web", &DeleteParams::foreground()).await?;
    maps.delete_collection(&DeleteParams::default(), &ListParams::default().labels("app=r")).await?;
    let left = maps.list(&ListParams::default().labels("app=r")).await?;
    while deployments.get_opt("web").await?.is_some() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    expect(left.items.is_empty(), left.items.len())
}

#[tokio::main]
async fn main() -> Result {
    let client = Client::try_default().await?;
    let namespace = std::env::var("NAMESPACE")?;
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), &namespace);
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), &namespace);
    let pods: Api<Pod> = Api::namespaced(client.clone(), &namespace);
    step("version and discovery", discovers(&client)).await;
    step("create, list in pages", reads_and_writes(&maps)).await;
    step("update and conflict", updates(&maps)).await;
    step("patches", patches(&maps)).await;
    step("apply and its conflict", applies(&maps)).await;
    step("watch", watches(&maps)).await;
    step("watch of a compacted revision", expires(&maps)).await;
    step("reflector", informs(&maps, false)).await;
    step("reflector that streams its list", informs(&maps, true)).await;
    step("deployment to running pods, scale", rolls_out(&deployments)).await;
    step("logs", reads_logs(&pods)).await;
    step("exec", executes(&pods)).await;
    step("evict", evicts(&pods)).await;
    step("untyped and metadata only", untyped(&client, &namespace)).await;
    step("delete, deletecollection", deletes(&maps, &deployments)).await;
    Ok(())
}

