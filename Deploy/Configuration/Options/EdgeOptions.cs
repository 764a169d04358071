using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm</c>. The reference is generated from these descriptions, defaults and rules.</summary>
internal sealed class EdgeOptions
{
    public const string Section = "MobileVlm";

    /// <summary>Leaves space for <c>mobilevlm-</c> in a client id, which may have 64 characters at some brokers.</summary>
    public const int MaxNodeLength = 54;

    [Description("Name of this device in topics. Each device at one broker needs its own.")]
    [DefaultText("the machine's host name")]
    [SafeName(MaxNodeLength)]
    public string? Node { get; set; }

    [Description("Time zone in which schedules are evaluated.")]
    [DefaultText("the device's own")]
    [TimeZoneName]
    public string? TimeZone { get; set; }

    [Description("Folder for data that must survive a restart: states, cool-downs, switches, mode, snoozes, and the questions that were [set over HTTP](http-setup.md#questions-set-over-http). Under systemd, `StateDirectory=` sets it.")]
    [DefaultText("systemd's state directory if set; otherwise nothing is kept")]
    [TextLength(4096)]
    public string? StateFolder { get; set; }

    [Description("The model and how it runs. A host of a cluster may have none: then other hosts answer.")]
    public ModelOptions Model { get; set; } = new();

    [Description("The broker to which answers are published. May be left out with `Http:Listen`, where answers are then available over HTTP alone, with `Webhooks`, which get the events, and on a host of a cluster that has no cameras.")]
    public MqttOptions Mqtt { get; set; } = new();

    [Description("The cameras, each under a name that is part of its topics. At least one needs a question, unless `Http:Listen` is set: then there may be no cameras, or cameras without questions. A host of a cluster that has a model needs no cameras.")]
    [Map("camera", "availability", "stats", "ask", "reply", "replies")]
    public Dictionary<string, CameraOptions> Cameras { get; set; } = [];

    [Description("Named modes, such as `home` and `away`: which questions are asked and which events are published while each is the current one. The mode is switched over MQTT, HTTP or by Home Assistant.")]
    [Map("mode")]
    public Dictionary<string, ModeOptions> Modes { get; set; } = [];

    [Description("The mode at the first start, and at every start without a state folder; otherwise the mode of the last run is kept.")]
    [DefaultText("the first of `Modes`")]
    [TextLength(MapAttribute.MaxNameLength)]
    public string? InitialMode { get; set; }

    [Description("Limits and times of the pipeline, and how it reacts to failures.")]
    public PipelineOptions Pipeline { get; set; } = new();

    [Description("Limits of how much the engine works: a temperature, and hours in which questions are asked less often. Off unless `MaxTemperature` or `QuietHours` is set.")]
    public PaceOptions Pace { get; set; } = new();

    [Description("The queue in which events wait until the broker has acknowledged them.")]
    public OutboxOptions Outbox { get; set; } = new();

    [Description("The history on disk: answers, events and snapshots. Off unless `Folder` is set.")]
    public HistoryOptions History { get; set; } = new();

    [Description("Up to 16 HTTP receivers of events, with or without a broker. Each has its own outbox in the state folder, with the limits of `Outbox`. Without a state folder its events wait in memory.")]
    [Map("webhook")]
    public Dictionary<string, WebhookOptions> Webhooks { get; set; } = [];

    [Description("The HTTP server: the live page, the REST API, the OpenAI and Ollama APIs, the Model Context Protocol, metrics. Off unless `Listen` is set.")]
    public HttpOptions Http { get; set; } = new();

    [Description("Other hosts: cameras here, models there ([cluster.md](cluster.md)). Off unless `Nodes` is set.")]
    public ClusterOptions Cluster { get; set; } = new();

    [Description("Metrics for a monitoring system on a port of their own. Off unless a port is set. `Http:Listen` serves them too.")]
    public MetricsOptions Metrics { get; set; } = new();

    [Description("The programs that read cameras.")]
    public ToolOptions Tools { get; set; } = new();
}

/// <summary>Section <c>MobileVlm:Model</c>.</summary>
internal sealed class ModelOptions
{
    [Description("The folder of an imported model (with `model.json`). May be left out where `Cluster:Nodes` names hosts that have it.")]
    [Required]
    [TextLength(4096)]
    public string? Path { get; set; }

    [Description("Repository at Hugging Face, `OWNER/NAME`, from which the service [downloads and imports](install.md#container) the model at its start when `Path` has none. `MOBILEVLM_HUB` in the environment names a mirror.")]
    [DefaultText("none: a model must be there")]
    [HubRepository]
    public string? Pull { get; set; }

    [Description("Where the model runs. `cuda` requires an NVIDIA GPU; the service does not start without one. `auto` uses the GPU where one is available, and otherwise logs once why it uses the CPU. A model for a GPU is imported with `--for cuda`. The log and `stats` report where each session actually runs.")]
    [ExecutionTarget]
    public string Target { get; set; } = "cpu";

    [Description("A CUDA provider library of the same version, which ONNX Runtime loads as a plug-in. For `cuda` and `auto`.")]
    [DefaultText("the one built into ONNX Runtime")]
    [TextLength(4096)]
    public string? ProviderLibrary { get; set; }

    [Description("Another `libonnxruntime.so` instead of the bundled one, for example one that was built on this device with CUDA. It must have the interface of the same minor version.")]
    [DefaultText("the bundled one")]
    [TextLength(4096)]
    public string? RuntimeLibrary { get; set; }

    [Description("Number of compute threads; 0 uses one per big core.")]
    [NumberRange(0, 256)]
    public int Threads { get; set; }

    [Description("Processors that the threads are bound to. `auto` uses the big cores where there are little ones too, and otherwise binds nothing.")]
    [Processors]
    public string Affinity { get; set; } = ProcessorsAttribute.Auto;

    [Description("Uses Arm's KleidiAI kernels on arm64; `false` uses ONNX Runtime's own, to compare speed and answers.")]
    public bool KleidiAi { get; set; } = true;

    [Description("Opens the prefill weights of a model that was imported with `--prefill`: many tokens at once are processed faster, and memory grows by the size of these weights.")]
    public bool Prefill { get; set; } = true;

    [Description("Size of the context in tokens: the prompt, one frame (144 tokens; 576 with the projectors of LLaVA-1.5), one question and its answer must fit. Memory grows with it.")]
    [NumberRange(256, 4096)]
    public int ContextTokens { get; set; } = 1024;
}

/// <summary>Section <c>MobileVlm:Tools</c>.</summary>
internal sealed class ToolOptions
{
    [Description("Reads network cameras, and also files and devices where OpenCV has no native library.")]
    [TextLength(4096)]
    public string Ffmpeg { get; set; } = "ffmpeg";

    [Description("Runs `gst:` sources.")]
    [TextLength(4096)]
    public string GstLaunch { get; set; } = "gst-launch-1.0";
}
