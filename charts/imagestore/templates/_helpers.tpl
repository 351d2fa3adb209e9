{{- define "imagestore.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* 52, so that a suffix such as -backend-admin still fits. */ -}}
{{- define "imagestore.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride }}
{{- else if contains (include "imagestore.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "imagestore.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "imagestore.serviceAccount" -}}
{{- default (include "imagestore.fullname" .) .Values.serviceAccount.name }}
{{- end }}

{{- define "imagestore.selector" -}}
app.kubernetes.io/name: {{ include "imagestore.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "imagestore.labels" -}}
{{ include "imagestore.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "imagestore.image" -}}
{{- $repository := required "set image.repository to the repository of your image; none is published. On kind: make image kind-load, then --set image.repository=localhost/imagestore. With a registry: make image, make push REPO=registry.example/team/imagestore, then --set image.repository=registry.example/team/imagestore. See docs/operations.md, Install" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{- define "imagestore.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "imagestore.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "imagestore.installation" -}}
{{- required "set installation to a name for this cluster that no other cluster on the same stores has and that stays when the cluster is built anew: --set installation=prod-eu" .Values.installation }}
{{- end }}

{{- define "imagestore.jobsAccount" -}}
{{- default (printf "%s-run" (include "imagestore.fullname" .)) .Values.jobs.serviceAccount }}
{{- end }}

{{- /* How the operator makes the pods of Jobs: see operator/imagestore/k8s/jobs/template.py. */ -}}
{{- define "imagestore.jobs" -}}
{{- $jobs := .Values.jobs -}}
{{- $pod := dict "image" (include "imagestore.image" .) "imagePullPolicy" .Values.image.pullPolicy -}}
{{- $_ := set $pod "imagePullSecrets" .Values.imagePullSecrets -}}
{{- $_ := set $pod "serviceAccountName" (include "imagestore.jobsAccount" .) -}}
{{- $_ := set $pod "hostNetwork" .Values.hostNetwork -}}
{{- $_ := set $pod "env" (default list $jobs.env) -}}
{{- $_ := set $pod "resources" $jobs.resources -}}
{{- $_ := set $pod "maxResources" $jobs.maxResources -}}
{{- $_ := set $pod "priorityClassNames" $jobs.priorityClassNames -}}
{{- $_ := set $pod "nodeSelector" $jobs.nodeSelector -}}
{{- $_ := set $pod "tolerations" $jobs.tolerations -}}
{{- $_ := set $pod "allowedNodeSelectors" (default dict $jobs.allowedNodeSelectors) -}}
{{- $_ := set $pod "allowedTolerations" (default list $jobs.allowedTolerations) -}}
{{- $_ := set $pod "labels" .Values.podLabels -}}
{{- toJson $pod -}}
{{- end }}
