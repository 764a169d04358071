using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm</c>. The reference is made of these descriptions, defaults and rules.</summary>
internal sealed class EdgeOptions
{
    public const string Section = "MobileVlm";

    /// <summary>Leaves room for <c>mobilevlm-</c> in a client id, of which brokers take 64 characters.</summary>
    public const int MaxNodeLength = 54;

    [Description("Name of this box, as it stands in topics. Each box of one broker needs its own.")]
    [DefaultText("the machine's host name")]
    [SafeName(MaxNodeLength)]
    public string? Node { get; set; }

    [Description("Whose wall clock schedules mean.")]
    [DefaultText("the box's own")]
    [TimeZoneName]
    public string? TimeZone { get; set; }

    [Description("Folder for what must survive a restart: states, cool-downs, switches. Under systemd, `StateDirectory=` sets it.")]
    [DefaultText("systemd's, else nothing is kept")]
    [TextLength(4096)]
    public string? StateFolder { get; set; }

    [Description("The model and how it runs.")]
    public ModelOptions Model { get; set; } = new();

    [Description("The broker that answers are published to.")]
    public MqttOptions Mqtt { get; set; } = new();

    [Description("The cameras, each under a name that stands in topics. At least one needs a question.")]
    [Map("camera", "availability", "stats", "ask", "reply", "replies")]
    public Dictionary<string, CameraOptions> Cameras { get; set; } = [];

    [Description("When, how many, and what after a failure.")]
    public PipelineOptions Pipeline { get; set; } = new();

    [Description("Where events wait until the broker has acknowledged them.")]
    public OutboxOptions Outbox { get; set; } = new();

    [Description("Numbers for a monitoring system. Off unless a port is given.")]
    public MetricsOptions Metrics { get; set; } = new();

    [Description("Programs that cameras are read with.")]
    public ToolOptions Tools { get; set; } = new();
}

/// <summary>Section <c>MobileVlm:Model</c>.</summary>
internal sealed class ModelOptions
{
    [Description("The folder of an imported model (with `model.json`).")]
    [Required]
    [TextLength(4096)]
    public string? Path { get; set; }

    [Description("Where the model runs. `cuda` is an NVIDIA GPU or no service; `auto` takes the GPU where one can be had and says once why it took the processor. A model for a GPU is imported with `--for cuda`. What each session really runs on stands in the log and in `stats`.")]
    [ExecutionTarget]
    public string Target { get; set; } = "cpu";

    [Description("A CUDA provider library of the same version, which ONNX Runtime loads as a plug-in. For `cuda` and `auto`.")]
    [DefaultText("what is built into ONNX Runtime")]
    [TextLength(4096)]
    public string? ProviderLibrary { get; set; }

    [Description("Another `libonnxruntime.so`, such as one that was built on this box with CUDA, instead of the one that comes along. It must have the interface of the same minor version.")]
    [DefaultText("the one that comes along")]
    [TextLength(4096)]
    public string? RuntimeLibrary { get; set; }

    [Description("Threads that compute; 0 takes one a big core.")]
    [NumberRange(0, 256)]
    public int Threads { get; set; }

    [Description("Processors that the threads are bound to. `auto` takes the big cores where there are little ones too, and binds nothing elsewhere.")]
    [Processors]
    public string Affinity { get; set; } = ProcessorsAttribute.Auto;

    [Description("Arm's KleidiAI kernels on arm64; `false` takes ONNX Runtime's own, to compare speed and answers.")]
    public bool KleidiAi { get; set; } = true;

    [Description("Opens the second set of the decoder's weights where the model was imported with one (`--prefill`): quicker with many tokens at once, for the memory of its size.")]
    public bool Prefill { get; set; } = true;

    [Description("Room for the prompt, one picture (144 tokens), one question and its answer, in tokens. Memory grows with it.")]
    [NumberRange(256, 4096)]
    public int ContextTokens { get; set; } = 1024;
}

/// <summary>Section <c>MobileVlm:Tools</c>.</summary>
internal sealed class ToolOptions
{
    [Description("Reads network cameras, and files and devices where OpenCV has no native library.")]
    [TextLength(4096)]
    public string Ffmpeg { get; set; } = "ffmpeg";

    [Description("Runs `gst:` sources.")]
    [TextLength(4096)]
    public string GstLaunch { get; set; } = "gst-launch-1.0";
}
