package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	registrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

var authority []byte

// webhookServer makes a webhook server on a free port, with a certificate of its own.
func webhookServer() (webhook.Server, error) {
	directory, err := os.MkdirTemp("", "webhook-")
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	authority = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	files := map[string][]byte{"tls.crt": authority, "tls.key": pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})}
	for file, content := range files {
		if err := os.WriteFile(filepath.Join(directory, file), content, 0o600); err != nil {
			return nil, err
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	return webhook.NewServer(webhook.Options{Host: "127.0.0.1", Port: port, CertDir: directory}), nil
}

// configuresWebhook asks the manager's webhook as an API server would, and keeps a configuration for it as operators do. That the API
// server calls it is not asked for here.
func configuresWebhook(ctx context.Context, manager ctrl.Manager) error {
	served := manager.GetWebhookServer().(*webhook.DefaultServer)
	served.Register("/check", &webhook.Admission{Handler: admission.HandlerFunc(func(context.Context, admission.Request) admission.Response {
		return admission.Denied("not today")
	})})
	url := fmt.Sprintf("https://127.0.0.1:%d/check", served.Options.Port)
	if err := until(ctx, "the webhook answers", func(context.Context) (bool, error) { return refuses(url) }); err != nil {
		return err
	}
	name, side, ignore := "hook."+namespace, registrationv1.SideEffectClassNone, registrationv1.Ignore
	rule := registrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"secrets"}}
	hook := &registrationv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: name}}
	hook.Webhooks = []registrationv1.ValidatingWebhook{{
		Name: "check.example.com", SideEffects: &side, AdmissionReviewVersions: []string{"v1"}, FailurePolicy: &ignore,
		ClientConfig:      registrationv1.WebhookClientConfig{URL: &url},
		Rules:             []registrationv1.RuleWithOperations{{Operations: []registrationv1.OperationType{registrationv1.Create}, Rule: rule}},
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "nowhere"}},
	}}
	set := manager.GetClient()
	if err := set.Create(ctx, hook); err != nil {
		return err
	}
	patch, err := json.Marshal([]map[string]any{{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": authority}})
	if err != nil {
		return err
	}
	if err := set.Patch(ctx, hook, client.RawPatch(types.JSONPatchType, patch)); err != nil {
		return err
	}
	var seen registrationv1.ValidatingWebhookConfiguration
	if err := manager.GetAPIReader().Get(ctx, client.ObjectKey{Name: name}, &seen); err != nil {
		return err
	}
	if *seen.Webhooks[0].TimeoutSeconds != 10 || !bytes.Equal(seen.Webhooks[0].ClientConfig.CABundle, authority) {
		return fmt.Errorf("%v", seen.Webhooks)
	}
	if err := set.Delete(ctx, hook); err != nil {
		return err
	}
	err = manager.GetAPIReader().Get(ctx, client.ObjectKey{Name: name}, &seen)
	return expect(apierrors.IsNotFound(err), "%v", err)
}

func refuses(url string) (bool, error) {
	review := admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"}, Request: &admissionv1.AdmissionRequest{UID: "1"},
	}
	body, err := json.Marshal(review)
	if err != nil {
		return false, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	asking := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	answer, err := asking.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return false, nil
	}
	defer answer.Body.Close()
	var said admissionv1.AdmissionReview
	if err := json.NewDecoder(answer.Body).Decode(&said); err != nil {
		return false, err
	}
	return said.Response != nil && !said.Response.Allowed && said.Response.Result.Message == "not today", nil
}
