using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Akka.Actor;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using MobileVlm.Edge.Actors;
using MobileVlm.Edge.Deploy.Hosting;

namespace MobileVlm.Edge.EndToEnd.Tests.Support;

/// <summary>Makes actors of a real <c>mobilevlm</c> process fail. Nothing outside a process can, so this assembly is loaded
/// into it as a startup hook of .NET; the service itself knows nothing of it.</summary>
internal static class ActorFaults
{
    private const string FileVariable = "MOBILEVLM_TEST_ACTOR_FAULTS";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>The environment of a process that takes what <see cref="Fail"/> writes to a file.</summary>
    public static Dictionary<string, string> ReadFrom(string file) => new()
    {
        ["DOTNET_STARTUP_HOOKS"] = typeof(ActorFaults).Assembly.Location,
        [FileVariable] = file,
    };

    /// <summary>An actor of the process that reads this file fails so many times, one after the other.</summary>
    /// <param name="file">As in <see cref="ReadFrom"/>; not there yet.</param>
    /// <param name="actor">Its path below <c>/user</c>.</param>
    /// <param name="times">How often.</param>
    public static void Fail(string file, string actor, int times)
    {
        // In one step: the process may read it at any moment.
        var draft = file + ".new";
        File.WriteAllText(draft, string.Create(CultureInfo.InvariantCulture, $"{actor} {times}"));
        File.Move(draft, file);
    }

    /// <summary>Runs in the process under test, before its <c>Main</c>.</summary>
    public static void Join()
    {
        if (Environment.GetEnvironmentVariable(FileVariable) is { Length: > 0 } file)
        {
            DiagnosticListener.AllListeners.Subscribe(new Watch<DiagnosticListener>(listener =>
            {
                if (listener.Name == "Microsoft.Extensions.Hosting")
                {
                    listener.Subscribe(new Watch<KeyValuePair<string, object?>>(news =>
                    {
                        if (news is { Key: "HostBuilt", Value: IHost host })
                        {
                            new Thread(() => Serve(host, file)) { Name = "test-faults", IsBackground = true }.Start();
                        }
                    }));
                }
            }));
        }
    }

    private static void Serve(IHost host, string file)
    {
        while (!File.Exists(file))
        {
            Thread.Sleep(Pause);
        }

        var order = File.ReadAllText(file).Split(' ');
        var edge = host.Services.GetRequiredService<EdgeHostedService>().System
            ?? throw new InvalidOperationException("The service has not started.");
        var actors = (ActorSystem)typeof(EdgeSystem)
            .GetProperty("Actors", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(edge)!;
        for (var time = 0; time < int.Parse(order[1], CultureInfo.InvariantCulture); time++)
        {
            // Waits in the mailbox while the actor waits for its restart.
            actors.ActorSelection($"/user/{order[0]}").Tell(Kill.Instance);
        }
    }

    private sealed class Watch<T>(Action<T> onNext) : IObserver<T>
    {
        public void OnNext(T value) => onNext(value);

        public void OnError(Exception error)
        {
            // Neither source has errors.
        }

        public void OnCompleted()
        {
            // Nothing is kept.
        }
    }
}
